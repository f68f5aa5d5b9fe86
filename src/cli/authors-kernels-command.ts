/** `kernel-view authors-kernels`: the authors' published kernels, and ours in their layout. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors";
import { writeAuthorsKernels, type WriteAuthorsKernelsOptions } from "../archives/authors-kernels";
import { downloadKernels } from "../archives/download-kernels";
import { kernelFile, readKernels } from "../archives/kernel-files";
import { showSteps } from "./interruptible";

export interface AuthorsKernelsCommandOptions {
  download?: string;
  from?: string;
  sha256?: string;
  export?: string;
  task?: string;
  formula: WriteAuthorsKernelsOptions["formula"];
  out?: string;
}

/** Downloads an archive, or writes a folder's kernels as the authors' files; returns what to print, line by line. */
export async function authorsKernelsCommand(options: AuthorsKernelsCommandOptions): Promise<string[]> {
  if ((options.download === undefined) === (options.export === undefined))
    throw new InputError("give either --download <name> or --export <folder>");
  return options.export === undefined
    ? await download(options.download!, options)
    : exportKernels(options.export, options);
}

async function download(
  name: string,
  { from, sha256, out = join("kernels", name) }: AuthorsKernelsCommandOptions,
): Promise<string[]> {
  const { folders, source, reused } = await downloadKernels(name, {
    out,
    from,
    sha256,
    onProgress: showSteps((step) => (step === "download" ? "Download" : "Unpack")),
  });
  console.error(`${reused ? "there already" : "from"} ${source.url}, SHA-256 ${source.sha256}`);
  return folders;
}

/** Their files for every split that the folder has. */
function exportKernels(from: string, { task, formula, out }: AuthorsKernelsCommandOptions): string[] {
  if (task === undefined || out === undefined)
    throw new InputError("--export needs --task <name>, for the files' names, and --out <folder>");
  const splits = (["train", "dev", "test"] as const).filter((split) => existsSync(kernelFile(from, split)));
  if (splits.length === 0) throw new InputError(`${from} has no kernels: give a folder that compute --out wrote`);
  return splits.flatMap((split) => writeAuthorsKernels(out, split, readKernels(from, split), { task, formula }));
}
