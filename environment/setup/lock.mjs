// Two set-ups at once would install over each other: the second waits for the first.
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cache } from "./places.mjs";

const lockFile = path.join(cache, "setup", "lock");

/** Waits until no other set-up runs in this checkout, runs `work`, and lets the next one in. */
export async function alone(work) {
  mkdirSync(path.dirname(lockFile), { recursive: true });
  const mine = `${lockFile}.${process.pid}`;
  writeFileSync(mine, owner(process.pid));
  let told = false;
  try {
    while (!tryLink(mine)) {
      const holder = readLock();
      if (holder === undefined) continue;
      if (!isRunning(holder)) {
        takeAway(holder);
        continue;
      }
      if (!told)
        console.error(`Another set-up (process ${holder.split(" ")[0]}) is at work here; waiting for it to finish.`);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  } finally {
    rmSync(mine, { force: true });
  }
  try {
    return await work();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/** Creates the lock with its content in one step (a hard link fails when the name exists). */
function tryLink(mine) {
  try {
    linkSync(mine, lockFile);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function readLock() {
  try {
    return readFileSync(lockFile, "utf8");
  } catch {
    return undefined;
  }
}

/** Removes a lock whose owner was killed, unless somebody else has replaced it in the meantime. */
function takeAway(dead) {
  if (readLock() === dead) rmSync(lockFile, { force: true });
}

/** "pid startTime": the start time tells a dead owner from a new process that was given the same number. */
function owner(pid) {
  return `${pid} ${startTime(pid) ?? ""}`;
}

function isRunning(holder) {
  const pid = Number(holder.split(" ")[0]);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== "EPERM") return false;
  }
  return owner(pid) === holder;
}

function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
