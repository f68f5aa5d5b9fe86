import { after, before, describe } from "node:test";
import { backendName, tf } from "../../src/model/backend";

/** Runs the same tests on native TensorFlow, where it is installed, and on plain JavaScript. */
export function onEveryBackend(title: string, tests: (backend: string) => void): void {
  const native = backendName();
  for (const name of new Set([native, "cpu"])) {
    describe(`${title} (${name})`, () => {
      before(() => void tf.setBackend(name));
      after(() => void tf.setBackend(native));
      tests(name);
    });
  }
}
