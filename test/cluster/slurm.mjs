// A sweep on a real Slurm, with workers killed, the controller restarted, a machine lost and a disk full: npm run test:slurm
// Two nodes on this machine, each with its own host name, processes and mounts. Needs root, and from Debian: slurmctld slurmd slurm-client munge
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { withProcessEnvironment } from "../../environment/process-environment.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const absent = ["slurmctld", "slurmd", "sbatch", "munged", "unshare"].filter(
  (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0,
);
if (absent.length > 0 || process.getuid() !== 0) {
  console.log(`skipped: ${absent.length > 0 ? `${absent.join(", ")} not installed` : "needs root"}`);
  process.exit(0);
}

const began = Date.now();
const log = (line) => console.log(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${line}`);
const folder = mkdtempSync(path.join(tmpdir(), "kernel-view-slurm-"));
const at = (...names) => path.join(folder, ...names);
for (const name of ["state", "log", "munge"]) mkdirSync(at(name));

// The cluster.
const host = hostname().split(".")[0];
const socket = at("munge", "socket");
writeFileSync(
  at("slurm.conf"),
  `ClusterName=local
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=16817
AuthType=auth/munge
AuthInfo=socket=${socket}
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${at("state")}
SlurmdSpoolDir=${at("spool")}-%n
SlurmctldPidFile=${at("ctld.pid")}
SlurmdPidFile=${at("%n.pid")}
SlurmctldLogFile=${at("log", "ctld.log")}
SlurmdLogFile=${at("log", "%n.log")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SlurmdTimeout=10
KillWait=20
ReturnToService=2
MpiDefault=none
NodeName=n[1-2] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[17001-17002] CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
);
const environment = withProcessEnvironment({ ...process.env, SLURM_CONF: at("slurm.conf") });
const started = new Map();
function start(name, program, args) {
  const output = openSync(at("log", `${name}.out`), "a");
  const child = spawn(program, args, { env: environment, stdio: ["ignore", output, output] });
  started.set(name, child);
}
async function stop(name, signal = "SIGTERM") {
  const child = started.get(name);
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.on("close", done));
  child.kill(signal);
  await ended;
}
const controller = () => start("ctld", "slurmctld", ["-D", "-f", at("slurm.conf")]);
/** A machine of its own name; all that runs on it ends with it. */
function node(name, before = "true") {
  const run = `hostname ${name}; ${before}; exec slurmd -D -N ${name} -f ${at("slurm.conf")}`;
  start(name, "unshare", ["--uts", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", run]);
}
const command = (program, ...args) => execFileSync(program, args, { env: environment, encoding: "utf8" }).trim();
async function until(what, holds, seconds = 300) {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end; await sleep(500)) if (holds()) return log(what);
  throw new Error(`not within ${seconds} s: ${what}`);
}
const stateOf = (name) => command("sinfo", "-h", "-n", name, "-o", "%T");
const jobs = () => command("squeue", "--noheader", "--array", "--format=%i %T %N").split("\n").filter(Boolean);
const running = (name) => jobs().filter((line) => line.endsWith(`RUNNING ${name}`));

// The sweep: it reads and writes a common folder.
const shared = at("shared");
const tiny = path.join(root, "test", "fixtures", "tiny-roberta");
for (const seed of [1, 2, 3]) {
  const draw = path.join(shared, "data", "sst-2", `6-${seed}`);
  mkdirSync(draw, { recursive: true });
  const rows = [
    "a great film",
    "it was great",
    "great ham",
    "okay",
    "it is great",
    "a film",
    "the end",
    "it was the end",
  ];
  const text = Array.from(
    { length: 12 },
    (_, i) => `${rows[(5 * i + seed) % 8]} ${"abcdefghijkl"[i]}\t${i < 6 ? 0 : 1}\n`,
  );
  for (const split of ["train", "dev", "test"])
    writeFileSync(path.join(draw, `${split}.tsv`), `sentence\tlabel\n${text.join("")}`);
}
const tuning = { kind: "fine-tuning", optimizer: "sgd", steps: 500, batchSize: 4, evaluateEvery: 125 };
const file = path.join(shared, "sweep.json");
writeFileSync(
  file,
  JSON.stringify({
    model: tiny,
    data: "data",
    tasks: ["sst-2"],
    k: [6],
    seeds: [1, 2, 3],
    methods: {
      "zero-shot": { kind: "zero-shot" },
      SGD: { ...tuning, learningRate: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05] },
      diverges: { ...tuning, learningRate: 1e30, clipNorm: null, steps: 2, evaluateEvery: 1 },
      kernel: { kind: "kernel", formula: ["sgd", "signgd"], regularization: [0.01, 0.1], f0: [100, "inf"] },
    },
  }),
);
const store = path.join(shared, "store");
mkdirSync(store);
const cli = (...args) => {
  const all = [
    "--require",
    path.join(root, "environment", "node-compat.cjs"),
    path.join(root, "build/src/cli.js"),
    ...args,
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, {
    env: environment,
    encoding: "utf8",
    cwd: folder,
  });
  return { status, stdout, stderr };
};
const out = path.join(shared, "out");
const sweep = (...args) => cli("sweep", file, "--out", out, "--store", store, ...args);
const finished = () =>
  (existsSync(path.join(out, "runs")) ? readdirSync(path.join(out, "runs")) : []).filter((name) =>
    name.endsWith(".json"),
  ).length;
function submit() {
  const { status, stdout, stderr } = sweep(
    "--slurm",
    "--max-jobs",
    "4",
    "--cpus",
    "1",
    "--time",
    "1h",
    "--slurm-option=--no-kill",
  );
  assert.equal(status, 0, stderr);
  log(stdout.split("\n")[0]);
}
const table = () => log(`--status:\n${sweep("--status").stdout}`);

try {
  writeFileSync(at("munge", "key"), randomBytes(1024), { mode: 0o400 });
  const munge = ["key-file=key", "pid-file=pid", "log-file=log", "seed-file=seed", "socket=socket"].map(
    (option) => `--${option.replace("=", `=${at("munge")}/`)}`,
  );
  start("munged", "munged", ["--foreground", "--force", ...munge]);
  controller();
  node("n1");
  node("n2");
  await until("two nodes are idle", () => ["n1", "n2"].every((name) => stateOf(name) === "idle"), 60);

  const single = cli("sweep", file, "--out", at("single"), "--store", at("single-store"));
  assert.equal(single.status, 0, single.stderr);
  log("one machine has done the whole sweep");

  submit();
  await until("two nodes work", () => running("n1").length > 0 && running("n2").length > 0 && finished() >= 2);
  const hosts = new Set();
  await until("runs are claimed by both machines", () => {
    for (const name of readdirSync(path.join(out, "runs")).filter((file) => file.endsWith(".claim"))) {
      try {
        hosts.add(JSON.parse(readFileSync(path.join(out, "runs", name), "utf8")).host);
      } catch {
        // Released, or not yet written.
      }
    }
    return hosts.has("n1") && hosts.has("n2");
  });
  const [victim] = command("pgrep", "-f", `cli.js sweep ${file}`).split("\n");
  process.kill(Number(victim), "SIGKILL");
  log(`worker ${victim} is killed`);
  await stop("ctld", "SIGKILL");
  log("the controller is killed");
  await sleep(2000);
  controller();
  await until("a new controller knows the job", () => {
    try {
      return jobs().length > 0;
    } catch {
      return false;
    }
  });
  table();

  const before = finished();
  await until("more runs are finished", () => finished() > before + 1 || jobs().length === 0);
  const lost = running("n2");
  await stop("n2", "SIGKILL");
  log(`node n2 is lost with its ${lost.length} tasks`);
  await until("the controller has noticed", () => stateOf("n2").startsWith("down"));
  log(`jobs: ${jobs().join("; ")}`);
  await until("the first job has ended", () => jobs().length === 0, 400);
  table();

  // What is there of kernels is removed, so that they are computed once more, on a machine without space for them.
  for (const name of readdirSync(path.join(out, "runs"))) {
    if (!name.endsWith(".json")) continue;
    const run = JSON.parse(readFileSync(path.join(out, "runs", name), "utf8"));
    if (run.results[0].setting.formula) rmSync(path.join(out, "runs", name));
  }
  for (const name of readdirSync(store)) rmSync(path.join(store, name));
  command("scontrol", "update", "nodename=n1", "state=drain", "reason=test");
  node("n2", `mount -t tmpfs -o size=8k tmpfs ${store}`);
  await until("n2 is back, its disk full", () => stateOf("n2") === "idle", 60);
  submit();
  await until("its workers have ended", () => jobs().length === 0, 200);
  table();
  const logs = readdirSync(path.join(out, "slurm"))
    .filter((name) => name.endsWith(".log"))
    .map((name) => readFileSync(path.join(out, "slurm", name), "utf8"));
  const full = logs.flatMap((text) => text.split("\n")).filter((line) => line.includes("no space is left"));
  assert.ok(full.length > 0, "a worker says that its disk is full");
  log(`${full.length} workers said: ${full[0]}`);

  command("scontrol", "update", "nodename=n1", "state=resume");
  for (let times = 0; !/no run is left/.test(sweep("--slurm", "--dry-run").stdout); times++) {
    assert.ok(times < 3, "the sweep is complete after the same command was submitted three times");
    submit();
    await until("the job has ended", () => jobs().length === 0, 400);
  }
  table();
  for (const name of ["results.csv", "chosen.csv", "results.md"])
    assert.deepEqual(readFileSync(path.join(out, name)), readFileSync(at("single", name)), name);
  log("the tables are those of one machine, byte for byte");
} finally {
  for (const name of ["n1", "n2", "ctld", "munged"]) await stop(name, name.startsWith("n") ? "SIGKILL" : "SIGTERM");
  if (process.exitCode === undefined && !process.env.KEEP) rmSync(folder, { recursive: true, force: true });
  else console.log(`left: ${folder}`);
}
