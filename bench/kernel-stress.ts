// How reliable is the notebook kernel? node environment/run.mjs build/bench/kernel-stress.js [RUNS] [RUNS PER KERNEL]
// Runs a notebook of thirty cells that print, draw and await, many times, while all cores are kept busy by others.
import os from "node:os";
import { spawn } from "node:child_process";
import { stress } from "../test/support/run-all";

async function main(runs: number, perKernel: number): Promise<void> {
  const cores = os.availableParallelism();
  const others = Array.from({ length: cores }, () =>
    spawn(process.execPath, ["--eval", "for (;;);"], { stdio: "ignore" }),
  );
  try {
    const figures = await stress(runs, perKernel, ({ runs: done, seconds, hangs, wrong }) => {
      if (done % 10 === 0 || hangs.length + wrong.length > 0)
        console.error(
          `${done} runs, ${seconds.toFixed(0)} s, ${wrong.length} wrong`,
          hangs.at(-1) ?? "",
          wrong.at(-1) ?? "",
        );
    });
    const { runs: all, kernels, cells, messages, hangs, wrong, seconds } = figures;
    console.log(
      `${all} × Run All, ${cells} cells, ${messages} messages, ${kernels} kernels, ${cores} cores kept busy, load ${os.loadavg()[0].toFixed(1)}: ${hangs.length} hangs, ${wrong.length} cells with lost or misplaced output, ${seconds.toFixed(0)} s.`,
    );
    for (const line of [...hangs, ...wrong].slice(0, 20)) console.log(line);
    if (hangs.length + wrong.length > 0) process.exitCode = 1;
  } finally {
    for (const other of others) other.kill();
  }
}

void main(Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 20));
