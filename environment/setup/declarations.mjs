// The package's types in a few files, so that a compiler that looks at one cell of a notebook reads these, not a thousand:
//
//   build/types/kernel-view.d.ts     what package.json's "types" names: all public declarations with their comments
//   build/types/other-packages.d.ts  adds to the module what has the types of other packages (tf, resultDataFrame)
//   build/types/tensor-methods.d.ts  the methods that tfjs adds to its tensors, without the rest of tfjs
//
// node environment/setup/declarations.mjs writes them from build/src, where that has changed.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { filesUnder, fingerprint, isProgram, readIfThere, writeWhole } from "./files.mjs";
import { build, nodeModules } from "./places.mjs";

const declared = path.join(build, "src");
const types = path.join(build, "types");
const stamp = path.join(types, "stamp.txt");
const core = path.join(nodeModules, "@tensorflow", "tfjs-core");
const files = ["kernel-view.d.ts", "other-packages.d.ts", "tensor-methods.d.ts"].map((name) => path.join(types, name));

/** Writes the declaration files, unless they are those of what is compiled. Returns whether there was something to do. */
export async function writeDeclarations() {
  const state = wanted();
  if (readIfThere(stamp) === state && declarationsAreThere()) return false;
  const [library, others] = await Promise.all([
    rolledUp("library.d.ts", isPackage),
    rolledUp("other-packages.d.ts", isNotReexported),
  ]);
  writeWhole(files[0], `import "./tensor-methods";\n${library}`);
  writeWhole(files[1], asAddition(others));
  writeWhole(files[2], tensorMethods());
  writeWhole(stamp, state);
  return true;
}

/** Whether the declaration files are there, of whatever sources. */
export const declarationsAreThere = () => files.every(existsSync);

/** Most edits change no declaration, and then nothing is written. */
function wanted() {
  const own = filesUnder(declared).filter((file) => file.endsWith(".d.ts"));
  return fingerprint(
    ...[...own, path.join(core, "package.json"), fileURLToPath(import.meta.url)].map((file) => readIfThere(file)),
  );
}

/** A declaration file and those it imports, as one; `external` says which of these are left out and imported. */
async function rolledUp(entry, external) {
  const [{ rollup }, { dts }] = await Promise.all([import("rollup"), import("rollup-plugin-dts")]);
  const bundle = await rollup({
    input: path.join(declared, entry),
    plugins: [dts({ compilerOptions })],
    external,
    onwarn: refuse,
  });
  try {
    const { output } = await bundle.generate({ format: "es", paths: (id) => (isPackage(id) ? id : "./kernel-view") });
    return output[0].code;
  } finally {
    await bundle.close();
  }
}

/** The declarations are put together as they stand, without a look at the packages' or the language's own. */
const compilerOptions = { types: [], noLib: true, noResolve: true };

const isPackage = (id) => !id.startsWith(".") && !path.isAbsolute(id);

/** Of what a list of re-exports leads to, the list and the files it names are taken in; the rest is in the main file. */
const isNotReexported = (id, importer) =>
  isPackage(id) || (importer !== undefined && path.basename(importer) !== "other-packages.d.ts");

/** Something the library could not resolve would be missing from the types. */
function refuse({ code, message }) {
  if (code === "UNRESOLVED_IMPORT" || code === "MISSING_EXPORT")
    throw new Error(`the declarations cannot be put into one file: ${message}`);
}

/** Declarations as an addition to the main file's module: all that is declared in it is exported. */
function asAddition(code) {
  const lines = code.split("\n").filter((line) => !/^export \{.*\};$/.test(line));
  const imports = lines.filter((line) => line.startsWith("import "));
  const rest = lines
    .filter((line) => line !== "" && !line.startsWith("import "))
    .map((line) => `    ${line.replace(/^declare /, "")}`);
  return [...imports, 'declare module "./kernel-view" {', ...rest, "}", ""].join("\n");
}

/** tfjs declares each method of a tensor in a file of its own, beside the function of that name; here are all in one. */
function tensorMethods() {
  const sources = filesUnder(path.join(core, "dist", "public", "chained_ops")).filter((file) =>
    /^(?!register_all_).*\.d\.ts$/.test(path.basename(file)),
  );
  const names = new Map();
  const methods = sources.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    for (const [, list, from] of text.matchAll(/^import \{ (.*?) \} from '\.\.\/\.\.\/(.*?)';$/gm)) {
      names.set(from, new Set([...(names.get(from) ?? []), ...list.split(", ")]));
    }
    const [, body] =
      /^declare module '\.\.\/\.\.\/tensor' \{\n\s+interface Tensor<R extends Rank = Rank> \{\n(.*?)\n {4}\}\n\}/ms.exec(
        text,
      ) ?? [];
    if (body === undefined) throw new Error(`${file} does not declare methods of a tensor as expected`);
    return body.split("\n");
  });
  const imports = [...names].map(
    ([from, list]) => `import type { ${[...list].sort().join(", ")} } from "@tensorflow/tfjs-core/dist/${from}";`,
  );
  return `${imports.join("\n")}\ndeclare module "@tensorflow/tfjs-core/dist/tensor" {\n    interface Tensor<R extends Rank = Rank> {\n${methods.join("\n")}\n    }\n}\n`;
}

if (isProgram(import.meta.url)) await writeDeclarations();
