/** A worker's questions: one after the other, told of, stopped, and prepared for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, type Progress, type Request, type SentenceAnswer } from "../../src/explore/answer";
import { createScene, createSceneOn, holdModel, type EmbeddedScene, type Scene } from "../../src/explore/scene";
import { computeKernel } from "../../src/kernels/kernel";
import type { FromWorker } from "../../src/live/messages";
import { questions } from "../../src/live/questions";
import { tf } from "../../src/model/backend";
import { smallScene } from "../explore/scene";
import { assertAllclose } from "../support/allclose";

const TEXT = "a warm and funny film that never lets go";
const typed: Request = { kind: "sentence", texts: [TEXT], formula: "sgd" };
const GRADIENTS = /^gradients of the 6 training sentences/;

type Message = FromWorker & { type: "progress" };

interface Desk {
  scene: Scene;
  desk: ReturnType<typeof questions>;
  told: FromWorker[];
  /** Progress of a question in its gradients. */
  gradients(id: number): Progress[];
  kinds(id: number): string[];
}

/** A scene with what a page carries of its test part, behind questions; `onTold` hears every message. */
async function deskFor(
  t: { after(clean: () => void): void },
  onTold?: (message: FromWorker, desk: Desk) => void,
): Promise<Desk> {
  const embedded = await withTests(smallScene(t));
  const scene = createScene(embedded);
  t.after(() => scene.dispose());
  const told: FromWorker[] = [];
  const of = (id: number): FromWorker[] => told.filter((message) => message.id === id);
  const desk: Desk = {
    scene,
    told,
    kinds: (id) => of(id).map(({ type }) => type),
    gradients: (id) =>
      of(id)
        .filter((message): message is Message => message.type === "progress" && GRADIENTS.test(message.progress.what))
        .map(({ progress }) => progress),
    desk: questions(
      () => Promise.resolve(scene),
      (message) => {
        told.push(message);
        onTold?.(message, desk);
      },
    ),
  };
  return desk;
}

async function withTests(embedded: EmbeddedScene): Promise<EmbeddedScene> {
  const first = createScene(embedded);
  const { model, outputs, train, test } = first;
  const formulas = ["sgd", "signgd"] as const;
  const [own, others] = await Promise.all(
    [train, test].map(({ sequences }) =>
      computeKernel({ model, outputs, train: train.sequences, evaluate: sequences, formulas }),
    ),
  );
  first.dispose();
  return {
    ...embedded,
    kernels: Object.fromEntries(own.kernels),
    tests: { kernels: Object.fromEntries(others.kernels), trainLogits: own.trainLogits, logits: others.evaluateLogits },
  };
}

const isGradient = (message: FromWorker, id: number): boolean =>
  message.id === id && message.type === "progress" && GRADIENTS.test(message.progress.what);

test("a typed sentence's words and probabilities come first, then the progress of its kernel, then the answer", async (t) => {
  const { desk, told, gradients, scene } = await deskFor(t);
  desk.ask({ type: "ask", id: 0, scene: "", request: typed });
  await desk.idle();
  const [first] = told;
  assert.ok(first.type === "progress" && first.progress.sentence);
  const done = gradients(0).map(({ done }) => done);
  assert.deepEqual(
    done,
    [...done].sort((a, b) => a - b),
  );
  assert.equal(done.at(-1), gradients(0)[0].total);
  const last = told.at(-1)!;
  assert.ok(last.type === "answer" && last.answer.kind === "sentence");
  assert.deepEqual(last.answer.zeroShot, first.progress.sentence.zeroShot);
  assert.ok(last.answer.about.disagreement! < 1e-5);
  assert.equal(scene.memory.has("disagreement sgd"), true);
});

test("a test sentence needs no gradient of a training sentence, and its answer is the computed one", async (t) => {
  const { scene, gradients, told, desk } = await deskFor(t);
  const { texts } = scene.test.examples[3];
  for (const formula of ["sgd", "signgd"] as const) {
    told.length = 0;
    desk.ask({ type: "ask", id: 0, scene: "", request: { kind: "sentence", texts, formula } });
    await desk.idle();
    assert.deepEqual(gradients(0), []);
    const [message] = told;
    assert.ok(message.type === "answer" && message.answer.kind === "sentence");
    const bare = createScene(smallScene(t));
    t.after(() => bare.dispose());
    const expected = (await answer(bare, { kind: "sentence", texts, formula })) as SentenceAnswer;
    assert.deepEqual([message.answer.about.isFromNotebook, expected.about.isFromNotebook], [true, undefined]);
    const near = { relative: 2e-3, absolute: 1e-5 };
    assertAllclose(message.answer.kernel.terms, expected.kernel.terms, near);
    assertAllclose(
      message.answer.train.map(({ kernel }) => kernel),
      expected.train.map(({ kernel }) => kernel),
      near,
    );
    assertAllclose(message.answer.zeroShot, expected.zeroShot, near);
  }
});

test("a question is stopped at once, another that waits never begins, and the work that was done is kept", async (t) => {
  const { desk, told, gradients, kinds } = await deskFor(t, (message, { desk, gradients }) => {
    if (isGradient(message, 0) && gradients(0).length === 5) [0, 1].forEach((id) => desk.cancel(id));
  });
  for (const id of [0, 1]) desk.ask({ type: "ask", id, scene: "", request: typed });
  await desk.idle();
  assert.equal(gradients(0).length, 5);
  assert.deepEqual(kinds(1), ["failed"]);
  for (const id of [0, 1]) {
    const failure = told.findLast((message) => message.id === id)!;
    assert.ok(failure.type === "failed" && failure.name === "AbortError");
  }
  desk.ask({ type: "ask", id: 2, scene: "", request: typed });
  await desk.idle();
  assert.ok(gradients(2)[0].done > gradients(0)[4].done);
  assert.equal(kinds(2).at(-1), "answer");
  // A cancelled question that is not there any more is nobody's.
  desk.cancel(2);
});

test("in the pause after a sentence the training side is prepared: the next sentence need not wait for it", async (t) => {
  const { desk, scene, gradients, kinds, told } = await deskFor(t);
  const { texts } = scene.test.examples[0];
  desk.ask({ type: "ask", id: 0, scene: "", request: { kind: "sentence", texts, formula: "sgd" } });
  await desk.idle();
  assert.equal(kinds(0).at(-1), "answer");
  desk.ask({ type: "ask", id: 1, scene: "", request: typed });
  await desk.idle();
  assert.deepEqual(gradients(1), []);
  const last = told.at(-1)!;
  assert.ok(last.type === "answer" && last.answer.about.disagreement! < 1e-5);
});

test("two scenes of one model hold its weights once, and the last to go leaves nothing", async (t) => {
  const { model, ...rest } = smallScene(t);
  const before = tf.memory().numTensors;
  const held = holdModel(model);
  const weights = tf.memory().numTensors - before;
  const scenes = [createSceneOn(held, rest), createSceneOn(held, { ...rest, train: rest.train.slice(1) })];
  assert.equal(tf.memory().numTensors - before, weights);
  for (const scene of scenes) await answer(scene, typed);
  scenes.forEach((scene) => scene.dispose());
  assert.equal(tf.memory().numTensors - before, weights);
  held.dispose();
  assert.equal(tf.memory().numTensors, before);
});
