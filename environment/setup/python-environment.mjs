import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { ask, run } from "./command.mjs";
import { fingerprint, readIfThere, writeWhole } from "./files.mjs";
import { root, venv, venvPython } from "./places.mjs";
import { SetupError } from "./setup-error.mjs";

const requirements = path.join(root, "environment", "requirements.txt");
const lock = path.join(root, "environment", "requirements.lock.txt");
/** Retries, because pip names a network that does not answer only when it tries again. */
export const quietPip = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--retries", "2"];
const stamp = path.join(venv, "kernel-view-setup.txt");

/** Step: a project-local Python environment with JupyterLab, nbclient and nbconvert. */
export const pythonEnvironment = {
  name: "Python environment",
  detail: "JupyterLab, nbclient, nbconvert in .venv",
  gigabytes: 0.5,
  isDone: () => existsSync(venvPython) && readIfThere(stamp) === wanted(),
  async run(step) {
    const python = findPython();
    // Without its stamp the environment is unfinished or outdated: make it anew, which takes half a minute.
    rmSync(stamp, { force: true });
    rmSync(venv, { recursive: true, force: true });
    step.say(`Python ${python.version}: creating .venv`);
    await createVenv(python);
    step.say("installing JupyterLab, nbclient and nbconvert");
    // The lock was made with Python 3.11; on 3.10 some of its versions do not exist, so only the three main pins hold.
    const constraints = python.minor >= 11 ? ["--constraint", lock] : [];
    await run(venvPython, ["-m", "pip", "install", ...quietPip, "--requirement", requirements, ...constraints], {
      what: "installing the Python packages",
      source: "the Python package index (`pip config list` shows which)",
      log: "python-packages",
    });
    writeWhole(stamp, wanted());
    return `Python ${python.version}`;
  },
};

/** What the environment depends on; its scripts hold absolute paths, so the folder's own path is part of it. */
function wanted() {
  return fingerprint(readFileSync(requirements), readFileSync(lock), venv);
}

const remedy =
  "Install it (Debian/Ubuntu: `sudo apt-get install python3 python3-venv`; macOS: `brew install python`; " +
  "otherwise https://www.python.org), or point KERNEL_VIEW_PYTHON at one, then run the same command again.";

/** The first Python of at least 3.10 on PATH. */
function findPython() {
  const names = process.env.KERNEL_VIEW_PYTHON
    ? [process.env.KERNEL_VIEW_PYTHON]
    : ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
  const seen = [];
  for (const name of names) {
    const answer = ask(name, ["-c", "import sys; print(sys.executable); print('%d.%d.%d' % sys.version_info[:3])"]);
    if (!answer) continue;
    const [executable, version] = answer.split(/\r?\n/);
    const [major, minor] = version.split(".").map(Number);
    if (major === 3 && minor >= 10) return { executable, version, minor };
    seen.push(`${name} is ${version}`);
  }
  if (process.env.KERNEL_VIEW_PYTHON && seen.length === 0) {
    throw new SetupError(`KERNEL_VIEW_PYTHON=${process.env.KERNEL_VIEW_PYTHON} does not start a Python. ${remedy}`);
  }
  throw new SetupError(
    seen.length > 0
      ? `The Python found is too old (${seen.join(", ")}); JupyterLab needs Python 3.10 or newer. ${remedy}`
      : `No Python found; JupyterLab needs Python 3.10 or newer. ${remedy}`,
  );
}

async function createVenv(python) {
  if (ask(python.executable, ["-c", "import venv, ensurepip"]) === undefined) {
    throw new SetupError(
      `Python ${python.version} (${python.executable}) lacks its venv module. Install it (Debian/Ubuntu: ` +
        "`sudo apt-get install python3-venv`), then run the same command again.",
    );
  }
  await run(python.executable, ["-m", "venv", venv], {
    what: "creating the Python environment .venv",
    log: "python-venv",
  });
}
