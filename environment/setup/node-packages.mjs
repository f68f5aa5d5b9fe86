import { existsSync, mkdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { npmCommand, run } from "./command.mjs";
import { readIfThere } from "./files.mjs";
import { nodeModules, root } from "./places.mjs";

/** Step: the Node packages, exactly as package-lock.json has them, and the package's own name in node_modules. */
export const nodePackages = {
  name: "Node packages",
  detail: "npm ci",
  gigabytes: 0.9,
  isDone: () => packagesMatchLock() && linksAreRight(),
  async run() {
    if (!packagesMatchLock()) {
      const npm = npmCommand();
      // Install scripts stay off: the one that matters (tfjs-node's) is a separate step, with a second way.
      await run(
        npm.program,
        [...npm.args, "ci", "--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund"],
        {
          what: "installing the Node packages",
          source: "the npm registry (`npm config get registry` shows which)",
          log: "node-packages",
        },
      );
    }
    if (!linksAreRight()) makeLinks();
  },
};

/**
 * npm writes node_modules/.package-lock.json when it has finished: where that agrees with package-lock.json and the
 * folders are there, nothing has to be installed. An interrupted `npm ci` leaves no such file.
 */
function packagesMatchLock() {
  const wanted = JSON.parse(readIfThere(path.join(root, "package-lock.json"))).packages;
  const text = readIfThere(path.join(nodeModules, ".package-lock.json"));
  if (text === undefined) return false;
  const installed = JSON.parse(text).packages;
  return Object.entries(wanted).every(([place, entry]) => {
    if (!place.startsWith("node_modules/")) return true;
    // The stubs under environment/ appear twice: as links, and as what they lead to, under a path npm makes up.
    if (entry.integrity === undefined && !entry.link) return true;
    const found = installed[place];
    if (!found) return entry.optional === true || entry.devOptional === true;
    if (found.version !== entry.version || found.integrity !== entry.integrity) return false;
    return existsSync(path.join(root, place)) || entry.optional === true;
  });
}

/**
 * Links npm does not make, or makes wrong. Notebooks say `import … from "kernel-view"`, which Node and TypeScript
 * find only under node_modules. And tslab brings its own TypeScript, whose `tsc` may take the name of ours.
 */
const links = [
  [path.join(nodeModules, "kernel-view"), ".."],
  ...(process.platform === "win32" ? [] : [[path.join(nodeModules, ".bin", "tsc"), "../typescript/bin/tsc"]]),
];

function linksAreRight() {
  return links.every(
    ([place, target]) =>
      realPath(place) !== undefined && realPath(place) === realPath(path.resolve(path.dirname(place), target)),
  );
}

function makeLinks() {
  for (const [place, target] of links) {
    mkdirSync(path.dirname(place), { recursive: true });
    rmSync(place, { force: true, recursive: true });
    symlinkSync(process.platform === "win32" ? path.resolve(path.dirname(place), target) : target, place, "junction");
  }
}

function realPath(file) {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}
