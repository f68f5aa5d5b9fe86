// Loaded before a program: its FAULT_AT-th change of a file under FAULT_FOLDER goes wrong. FAULT says how: "kill" ends
// the process as kill -9 does, in the middle of a write; "ENOSPC" fails that change and all later ones, as a full disk does;
// "count" does nothing but print how many changes there were. FAULT_DAYS shifts the clock.
const fs = require("node:fs");
const { FAULT = "", FAULT_AT = "0", FAULT_FOLDER = "", FAULT_DAYS = "0" } = process.env;

if (FAULT_DAYS !== "0") {
  const shift = Number(FAULT_DAYS) * 86_400_000;
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...values) {
      super(...(values.length === 0 ? [Real.now() + shift] : values));
    }
    static now() {
      return Real.now() + shift;
    }
  };
}

let changes = 0;
const opened = new Set();

/** Whether a change is the one that goes wrong, or comes after it on a full disk. */
const isDue = () => {
  changes++;
  return FAULT === "ENOSPC" ? changes >= Number(FAULT_AT) : changes === Number(FAULT_AT);
};

function strike(partly) {
  if (FAULT === "ENOSPC")
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write" });
  if (FAULT !== "kill") return;
  partly();
  process.kill(process.pid, "SIGKILL");
}

const isOurs = (path) => typeof path === "string" && path.startsWith(FAULT_FOLDER);
const original = { ...fs };

fs.openSync = (path, flags, ...rest) => {
  const writes = isOurs(path) && /[wa+]/.test(String(flags));
  if (writes && isDue()) strike(() => undefined);
  const file = original.openSync(path, flags, ...rest);
  if (writes) opened.add(file);
  return file;
};
fs.closeSync = (file) => {
  opened.delete(file);
  return original.closeSync(file);
};
fs.writeSync = (file, bytes, ...rest) => {
  if (opened.has(file) && isDue())
    strike(() =>
      original.writeSync(
        file,
        typeof bytes === "string" ? bytes.slice(0, bytes.length / 2) : bytes.subarray(0, bytes.length / 2),
      ),
    );
  return original.writeSync(file, bytes, ...rest);
};
// What frees space, or takes none, works on a full disk too.
for (const name of ["fsyncSync", "renameSync", "rmSync", "utimesSync"])
  fs[name] = (...values) => {
    if ((name === "fsyncSync" ? opened.has(values[0]) : isOurs(values[0])) && isDue() && FAULT === "kill")
      strike(() => undefined);
    return original[name](...values);
  };
for (const name of ["mkdirSync", "copyFileSync", "writeFileSync"])
  fs[name] = (...values) => {
    const path = name === "copyFileSync" ? values[1] : values[0];
    if (isOurs(path) && isDue())
      strike(
        () =>
          name === "writeFileSync" &&
          original.writeFileSync(path, String(values[1]).slice(0, String(values[1]).length / 2)),
      );
    return original[name](...values);
  };

if (FAULT === "count") process.on("exit", () => original.writeFileSync(process.env.FAULT_COUNT, String(changes)));
