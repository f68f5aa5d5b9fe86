import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { runInThisContext } from "node:vm";
import { abandonScopes, backendIsLoaded, tf, type Tensor } from "../../src/model/backend";

/** Runs a function until JavaScript is terminated in the middle of it: no `finally` of it runs. */
function terminated(work: () => void): void {
  (globalThis as { work?: () => void }).work = () => {
    work();
    for (;;);
  };
  assert.throws(() => void runInThisContext("work()", { timeout: 100 }), { code: "ERR_SCRIPT_EXECUTION_TIMEOUT" });
}

describe("scopes that were never left", () => {
  test("there are none, and nothing is loaded, where nothing was computed", () => {
    abandonScopes();
    assert.equal(backendIsLoaded(), false);
  });

  test("end, with their tensors; what was kept or stands outside stays", () => {
    const outside = tf.scalar(1);
    const before = tf.memory().numTensors;
    let kept: Tensor | undefined;
    terminated(() =>
      tf.tidy(() => {
        kept = tf.keep(tf.scalar(2));
        tf.tidy(() => {
          tf.scalar(3);
          for (;;);
        });
      }),
    );
    assert.ok(tf.memory().numTensors > before + 1, "the scopes stayed open");
    abandonScopes();
    assert.equal(tf.memory().numTensors, before + 1);
    assert.deepEqual([outside.dataSync()[0], kept!.dataSync()[0]], [1, 2]);
    const later = tf.scalar(4);
    abandonScopes();
    assert.equal(later.isDisposed, false, "what is made afterwards belongs to no scope");
    tf.dispose([outside, kept!, later]);
  });

  test("end within a gradient too: the next gradient is right", () => {
    const before = tf.memory().numTensors;
    const x = tf.scalar(3);
    terminated(() => {
      tf.grad((y): Tensor => {
        tf.mul(y, y);
        for (;;);
      })(x);
    });
    abandonScopes();
    const gradient = tf.grad((y) => tf.mul(y, y))(x);
    assert.equal(gradient.dataSync()[0], 6);
    tf.dispose([x, gradient]);
    assert.equal(tf.memory().numTensors, before);
  });
});
