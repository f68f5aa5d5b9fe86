// The native part of @tensorflow/tfjs-node: TensorFlow's shared libraries and the addon that calls them.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { processEnvironment } from "../process-environment.mjs";
import { ask, bundledNodeGyp, findProgram, run } from "./command.mjs";
import { readIfThere, writeWhole } from "./files.mjs";
import { cache, nodeModules, root, venvPython } from "./places.mjs";
import { quietPip } from "./python-environment.mjs";
import { SetupError } from "./setup-error.mjs";

const tensorflowVersion = "2.21.0";
const tfjsNode = path.join(nodeModules, "@tensorflow", "tfjs-node");
const deps = path.join(tfjsNode, "deps");
const stamp = path.join(deps, "kernel-view-setup.txt");
const glibcX64 = ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"];
/** pip's packages with TensorFlow's libraries. Those for GPUs come with NVIDIA's, in the versions that TensorFlow asks for. */
const WHEELS = {
  "linux x64": { package: "tensorflow-cpu", platforms: glibcX64, megabytes: 270 },
  "linux arm64": { package: "tensorflow", platforms: ["manylinux_2_27_aarch64"], megabytes: 270 },
  "linux x64 gpu": { package: "tensorflow[and-cuda]", platforms: glibcX64, megabytes: 3400, gpu: true },
};
/** Free space that set-up needs, the downloaded file included. */
const GIGABYTES = { cpu: 1.3, gpu: 10 };

const chosenWay = () => process.env.KERNEL_VIEW_TENSORFLOW;

/**
 * Step: native TensorFlow. `KERNEL_VIEW_TENSORFLOW` chooses the way: `installer` (tfjs-node's own), `wheel` (libraries
 * out of pip's wheel, addon compiled here), `gpu` (the same with CUDA's libraries), `none` (the slow pure-JavaScript
 * backend); by default what is there, or the first of the first two that works.
 */
export const nativeTensorflow = {
  name: "Native TensorFlow",
  get gigabytes() {
    return chosenWay() === "gpu" ? GIGABYTES.gpu : GIGABYTES.cpu;
  },
  isDone: () => {
    const [way, done] = [chosenWay(), readIfThere(stamp)];
    const asked = way === undefined ? [wanted(false), wanted(true)] : [wanted(way === "gpu")];
    return (
      way === "none" ||
      (asked.includes(done) && existsSync(addonFile()) && existsSync(path.join(deps, "lib", libraryName)))
    );
  },
  async run(step) {
    const way = chosenWay();
    if (way !== undefined && !["installer", "wheel", "gpu"].includes(way)) {
      throw new SetupError(`KERNEL_VIEW_TENSORFLOW=${way} is not known: use installer, wheel, gpu or none.`);
    }
    // Installed by hand or by `npm install`: take what works.
    let version = way === undefined ? loaded()?.version : undefined;
    if (version === undefined && (way === "installer" || (way === undefined && (await ownInstallerAnswers())))) {
      version = await useOwnInstaller(step, way === "installer");
    }
    if (version === undefined) version = await useWheel(step, wheelForThisMachine(way === "gpu"));
    rmSync(path.join(tfjsNode, "build-tmp-napi-v8"), { recursive: true, force: true });
    writeWhole(stamp, wanted(way === "gpu"));
    return `TensorFlow ${version}`;
  },
};

const libraryName =
  process.platform === "darwin"
    ? "libtensorflow.2.dylib"
    : process.platform === "win32"
      ? "tensorflow.lib"
      : "libtensorflow.so";

function wanted(gpu) {
  return `${process.platform} ${process.arch} napi ${process.versions.napi}${gpu ? " gpu" : ""}\n`;
}

/** node-pre-gyp puts the addon in the folder of the newest Node-API version the package declares (3 to 8). */
function addonFile() {
  return path.join(tfjsNode, "lib", `napi-v${Math.min(8, Number(process.versions.napi))}`, "tfjs_binding.node");
}

/** Loads TensorFlow in a separate process and computes something: its version and device, or undefined where that fails. */
function loaded() {
  if (!existsSync(addonFile())) return undefined;
  const program = `
    require(${JSON.stringify(path.join(root, "environment", "node-compat.cjs"))});
    const tf = require(${JSON.stringify(tfjsNode)});
    const product = tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).dataSync();
    if (tf.getBackend() !== "tensorflow" || product[0] !== 3) process.exit(1);
    console.log(JSON.stringify({ version: tf.backend().binding.TF_Version, gpu: tf.backend().isUsingGpuDevice }));`;
  const answer = ask(process.execPath, ["-e", program], {
    env: { ...process.env, ...processEnvironment },
    stdio: ["ignore", "pipe", "ignore"],
  });
  return answer && JSON.parse(answer);
}

const installerHost =
  process.env.TFJS_NODE_BASE_URI ??
  process.env.TFJS_NODE_CDN_STORAGE ??
  process.env.CDN_STORAGE ??
  "https://storage.googleapis.com/";

/** Whether the host of tfjs-node's installer answers within three seconds. */
function ownInstallerAnswers() {
  if (process.platform === "linux" && process.arch !== "x64") return Promise.resolve(false);
  return new Promise((resolve) => {
    if (!installerHost.startsWith("https:")) return resolve(true);
    const request = https.request(installerHost, { method: "HEAD", timeout: 3000 }, (response) => {
      response.resume();
      resolve(true);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
    // The time-out above counts idle time only; this one covers looking up the name as well.
    setTimeout(() => request.destroy(), 3500).unref();
    request.end();
  });
}

async function useOwnInstaller(step, insist) {
  step.say("tfjs-node's own installer");
  rmSync(deps, { recursive: true, force: true });
  try {
    await run(process.execPath, [path.join("scripts", "install.js")], {
      cwd: tfjsNode,
      env: buildEnvironment(),
      what: "running tfjs-node's installer",
      source: installerHost,
      log: "tensorflow-installer",
      timeoutSeconds: 600,
    });
  } catch (error) {
    if (insist) throw error;
  }
  const version = loaded()?.version;
  if (version === undefined && insist)
    throw new SetupError(
      "tfjs-node's installer ended, but TensorFlow does not load. Try KERNEL_VIEW_TENSORFLOW=wheel.",
    );
  return version;
}

async function useWheel(step, wheel) {
  // TensorFlow's libraries outlive `npm ci`, which empties node_modules, so they are fetched once per checkout.
  const libraries = path.join(cache, `tensorflow-${tensorflowVersion}${wheel.gpu ? "-gpu" : ""}`);
  checkCompiler();
  if (!existsSync(path.join(libraries, "complete"))) await fetchLibraries(step, wheel, libraries);
  step.say("compiling the addon");
  placeLibraries(libraries);
  await compileAddon();
  const found = loaded();
  if (found === undefined) {
    throw new SetupError(
      `The TensorFlow addon was compiled but does not load. Delete ${path.relative(root, libraries)} and ${path.relative(root, deps)} and run ` +
        "the same command again; or set KERNEL_VIEW_TENSORFLOW=none to go on with the slow pure-JavaScript backend.",
    );
  }
  const device = found.gpu
    ? ", on the GPU"
    : wheel.gpu
      ? "; no GPU can be used (does `nvidia-smi` show one, with a driver for CUDA 12?): it computes on the CPU"
      : "";
  return `${found.version}, addon compiled here${device}`;
}

function wheelForThisMachine(gpu) {
  const { platform, arch } = process;
  const wheel = WHEELS[`${platform} ${arch}${gpu ? " gpu" : ""}`];
  if (wheel && process.report?.getReport().header.glibcVersionRuntime) return wheel;
  if (gpu)
    throw new SetupError(
      `KERNEL_VIEW_TENSORFLOW=gpu is for Linux with glibc on x64 (this is ${platform} ${arch}). Leave the variable out to compute on the CPU.`,
    );
  throw new SetupError(
    `Native TensorFlow: tfjs-node's own installer did not work, and the other way is for Linux with glibc only (this is ${platform} ${arch}).\n` +
      `Check that ${installerHost} can be reached, or set KERNEL_VIEW_TENSORFLOW=none to go on with the slow pure-JavaScript backend.`,
  );
}

function checkCompiler() {
  const missing = [];
  if (!(process.env.CXX ?? ["g++", "c++", "clang++"].find(findProgram))) missing.push("a C++ compiler");
  if (!findProgram("make")) missing.push("make");
  if (missing.length > 0) {
    throw new SetupError(
      `Native TensorFlow needs ${missing.join(" and ")} to compile its addon. Install it (Debian/Ubuntu: ` +
        "`sudo apt-get install g++ make`; Fedora: `sudo dnf install gcc-c++ make`), then run the same command again;\n" +
        "or set KERNEL_VIEW_TENSORFLOW=none to go on with the slow pure-JavaScript backend.",
    );
  }
}

/** Downloads the wheel, and NVIDIA's with it, and keeps the shared libraries and the C headers. */
async function fetchLibraries(step, wheel, libraries) {
  const scratch = path.join(cache, "tensorflow-part");
  rmSync(scratch, { recursive: true, force: true });
  rmSync(libraries, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  step.say(`downloading ${wheel.package} ${tensorflowVersion} (${wheel.megabytes} MB)`);
  // The libraries are the same in the wheels for all Pythons, so one is asked for by name, whichever Python runs here.
  await run(
    venvPython,
    [
      "-m",
      "pip",
      "download",
      ...quietPip,
      "--no-cache-dir",
      ...(wheel.gpu ? [] : ["--no-deps"]),
      "--only-binary=:all:",
      "--python-version",
      "3.12",
      ...wheel.platforms.flatMap((platform) => ["--platform", platform]),
      "--dest",
      scratch,
      `${wheel.package}==${tensorflowVersion}`,
    ],
    {
      what: "downloading TensorFlow",
      source: "the Python package index (`pip config list` shows which)",
      log: "tensorflow-download",
      env: { TMPDIR: scratch },
    },
  );
  step.say("extracting TensorFlow's libraries");
  const files = readdirSync(scratch).filter((name) => /^(tensorflow|nvidia)_?.*\.whl$/.test(name));
  const unpacked = path.join(scratch, "unpacked");
  await run(
    venvPython,
    [
      path.join(root, "environment", "setup", "extract_tensorflow.py"),
      unpacked,
      ...files.map((file) => path.join(scratch, file)),
    ],
    {
      what: "extracting TensorFlow's libraries",
      log: "tensorflow-extract",
    },
  );
  renameSync(unpacked, libraries);
  writeWhole(path.join(libraries, "complete"), "");
  rmSync(scratch, { recursive: true, force: true });
}

/** Gives the libraries the names tfjs-node's build looks for; TensorFlow looks for NVIDIA's in the folder nvidia beside its own. */
function placeLibraries(libraries) {
  rmSync(deps, { recursive: true, force: true });
  const lib = path.join(deps, "lib");
  mkdirSync(lib, { recursive: true });
  const to = (name) => path.join(path.relative(lib, libraries), "lib", name);
  symlinkSync(to("libtensorflow_cc.so.2"), path.join(lib, "libtensorflow.so"));
  symlinkSync(to("libtensorflow_cc.so.2"), path.join(lib, "libtensorflow_cc.so.2"));
  symlinkSync(to("libtensorflow_framework.so.2"), path.join(lib, "libtensorflow_framework.so"));
  symlinkSync(to("libtensorflow_framework.so.2"), path.join(lib, "libtensorflow_framework.so.2"));
  if (existsSync(path.join(libraries, "nvidia")))
    symlinkSync(path.relative(deps, path.join(libraries, "nvidia")), path.join(deps, "nvidia"));
  cpSync(path.join(libraries, "include"), path.join(deps, "include"), { recursive: true });
}

/** Compiles on a copy in a folder of its own: make cannot work in one with a space in its path. */
async function compileAddon() {
  const prefix = path.dirname(path.dirname(process.execPath));
  const headersAreHere = existsSync(path.join(prefix, "include", "node", "node.h"));
  const preGyp = path.join(nodeModules, "@mapbox", "node-pre-gyp", "bin", "node-pre-gyp");
  const copy = mkdtempSync(path.join(/\s/.test(tmpdir()) ? "/tmp" : tmpdir(), "kernel-view-addon-"));
  try {
    for (const name of ["binding", "binding.gyp", "package.json"])
      cpSync(path.join(tfjsNode, name), path.join(copy, name), { recursive: true });
    symlinkSync(deps, path.join(copy, "deps"));
    await run(
      process.execPath,
      [preGyp, "install", "--build-from-source", ...(headersAreHere ? [`--nodedir=${prefix}`] : [])],
      {
        cwd: copy,
        env: buildEnvironment(),
        what: "compiling TensorFlow's addon",
        source: "nodejs.org (for Node's C headers)",
        log: "tensorflow-addon",
      },
    );
    cpSync(path.join(copy, "lib"), path.join(tfjsNode, "lib"), { recursive: true });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function buildEnvironment() {
  const gyp = bundledNodeGyp();
  return {
    PATH: [path.join(nodeModules, ".bin"), process.env.PATH].join(path.delimiter),
    // node-gyp is a Python program.
    PYTHON: venvPython,
    npm_config_python: venvPython,
    ...(gyp ? { npm_config_node_gyp: gyp } : {}),
  };
}
