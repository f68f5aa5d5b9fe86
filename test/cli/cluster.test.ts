import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { kubernetesJob, sharedVolume, slurmScript } from "../../src/cli/cluster-job";
import { z } from "../../src/packages";
import { root, temporaryFolder } from "../support/checkout";
import { writeDraw, writeSweep } from "../support/few-shot";
import { runCli } from "../support/run-cli";

const cleaned: (() => void)[] = [];
const folder = temporaryFolder({ after: (clean) => cleaned.push(clean) });
after(() => cleaned.forEach((clean) => clean()));

const job = { tasks: 3, time: 90 * 60e3, memory: 16e9, cpus: 4 };

describe("the job of a sweep", () => {
  it("is a script whose comments and command say what was asked for", () => {
    const script = slurmScript({
      ...job,
      command: ["/usr/bin/node", "cli.js", "sweep", "/my data/it's.json"],
      logs: "/my data/slurm",
      options: ["--partition=long"],
    });
    assert.deepEqual(script.split("\n"), [
      "#!/bin/sh",
      "#SBATCH --job-name=kernel-view",
      "#SBATCH --array=0-2",
      '#SBATCH --output="/my data/slurm/%A_%a.log"',
      "#SBATCH --requeue",
      "#SBATCH --open-mode=append",
      "#SBATCH --time=90",
      "#SBATCH --signal=B:TERM@120",
      "#SBATCH --mem=15259M",
      "#SBATCH --cpus-per-task=4",
      "#SBATCH --partition=long",
      "# The terminal of the machine that submitted this.",
      "unset KERNEL_VIEW_TERMINAL_COLUMNS FORCE_COLOR",
      `exec /usr/bin/node cli.js sweep '/my data/it'\\''s.json'`,
      "",
    ]);
  });

  it("is a manifest that the published schema of a Job takes", () => {
    const schema = z.fromJSONSchema(
      JSON.parse(readFileSync(join(root, "test", "fixtures", "kubernetes-job.schema.json"), "utf8")),
    );
    const volume = sharedVolume("shared:/data", { "--out": "/data/out" });
    const [whole, least] = [job, { tasks: 1 }].map((resources) =>
      kubernetesJob({
        ...resources,
        image: "kernel-view",
        volume,
        environment: { HF_HOME: "/data" },
        arguments: ["sweep"],
      }),
    );
    for (const manifest of [whole, least]) assert.deepEqual(schema.safeParse(manifest).error?.issues, undefined);
    const wrong = structuredClone(whole) as { spec: { template: { spec: { containers: object[] } } } };
    Object.assign(wrong.spec.template.spec.containers[0], { volumeMount: [] });
    assert.equal(schema.safeParse(wrong).success, false);
    assert.throws(() => sharedVolume("data", {}), /--volume data: expected CLAIM:\/PATH/);
    assert.throws(() => sharedVolume("shared:/data", { "--out": "/database/out" }), /--out .* is not in \/data/);
  });
});

describe("kernel-view sweep --status, --slurm and --kubernetes", () => {
  const out = join(folder, "out");
  const bin = join(folder, "bin");
  const tuning = { kind: "fine-tuning", optimizer: "sgd", steps: 2, batchSize: 2, evaluateEvery: 1 };
  const methods = {
    "zero-shot": { kind: "zero-shot" },
    SGD: { ...tuning, learningRate: [0.01, 1e30], clipNorm: null },
  };
  const sweep = (...options: string[]) =>
    runCli(folder, ["sweep", "sweep.json", "--out", "out", "--store", "store", ...options]);
  const path = process.env.PATH;
  before(() => {
    writeDraw(
      join(folder, "data", "sst-2", "2-1"),
      4,
      (i) => `${["the end", "a film", "great", "it was great"][i]}\t${i < 2 ? 0 : 1}`,
    );
    writeSweep(folder, { tasks: ["sst-2"], k: [2], seeds: [1], methods });
    mkdirSync(bin);
    // It notes what it was called with and does the job's tasks, one after the other.
    writeFileSync(
      join(bin, "sbatch"),
      `#!/bin/sh
echo "$@" > ${bin}/arguments
grep -q -- --partition=none "$2" && { echo "invalid partition" >&2; exit 1; }
sh "$2" > ${bin}/printed 2>&1
echo "7;local"
`,
    );
    chmodSync(join(bin, "sbatch"), 0o755);
    process.env.PATH = `${bin}${delimiter}${path}`;
  });
  after(() => void (process.env.PATH = path));

  it("submits an array for the runs that are left, and tells how far they are", async () => {
    const printed = await sweep("--slurm", "--dry-run", "--max-jobs", "2", "--slurm-option", "--partition=long");
    assert.equal(printed.status, 0, printed.stderr);
    assert.match(printed.stdout, /#SBATCH --array=0-1\n[^]*#SBATCH --partition=long\n[^]*\nexec .*cli\.js sweep /);
    assert.ok(!existsSync(out) && !existsSync(join(bin, "arguments")));

    const before = await sweep("--status");
    assert.match(
      before.stdout,
      /^\| task \| done \| running \| failed \| left \| time \|\n.*\n\| sst-2 \| 0 \| 0 \| 0 \| 3 \|/,
    );
    assert.ok(!existsSync(out), "asking writes nothing");

    const refused = await sweep("--slurm", "--slurm-option=--partition=none");
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /kernel-view: sbatch refuses .*job\.sh: invalid partition/);

    const submitted = await sweep("--slurm");
    assert.equal(submitted.status, 0, submitted.stderr);
    assert.match(submitted.stdout, /^job 7: 3 tasks for 3 runs/);
    assert.equal(readFileSync(join(bin, "arguments"), "utf8"), `--parsable ${join(out, "slurm", "job.sh")}\n`);
    const status = await sweep("--status");
    assert.match(status.stdout, /\| sst-2 \| 2 \| 0 \| 1 \| 0 \|/);
    assert.match(status.stdout, /\nsst-2, k 2, seed 1, SGD, learning rate 1e\+30: the training loss is/);
    assert.match((await sweep("--slurm")).stdout, /no run is left/);

    const single = await runCli(folder, ["sweep", "sweep.json", "--out", "single", "--store", "other"]);
    assert.equal(single.status, 0, single.stderr);
    for (const name of ["results.csv", "chosen.csv", "results.md"])
      assert.deepEqual(readFileSync(join(out, name)), readFileSync(join(folder, "single", name)), name);
  });

  it("knows who is at work, and counts a run whose machine was lost as one to do", async () => {
    const runs = join(out, "runs");
    const [one, other] = readdirSync(runs);
    for (const name of [one, other]) {
      rmSync(join(runs, name));
      writeFileSync(
        join(runs, name.replace(".json", ".claim")),
        JSON.stringify({ pid: 1, host: "elsewhere", token: "" }),
      );
    }
    const long = Date.now() / 1000 - 600;
    utimesSync(join(runs, one.replace(".json", ".claim")), long, long);
    const { stdout } = await sweep("--status");
    assert.match(stdout, /\| sst-2 \| \d \| 1 \| \d \| 0 \|/);
    assert.match(
      stdout,
      /: its process ended without a result: it was killed, ran out of memory, or its machine was lost/,
    );
    const manifest = await sweep("--kubernetes", "--image", "kernel-view", "--volume", `shared:${folder}`);
    assert.equal(manifest.status, 0, manifest.stderr);
    assert.equal((JSON.parse(manifest.stdout) as { spec: { completions: number } }).spec.completions, 1);
    const without = await sweep("--kubernetes");
    assert.match(without.stderr, /--kubernetes needs --image/);
  });
});
