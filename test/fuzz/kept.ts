/** Inputs that failed once, as small as they go, each with what it did. */
import { readFileSync } from "node:fs";
import { behaviorResult } from "../support/behavior-result";
import { makeZip } from "../support/make-zip";
import { fixturePath } from "../support/tiny-roberta";

type Fields = Record<string, unknown>;

const fixture = (...parts: string[]): Fields => JSON.parse(readFileSync(fixturePath(...parts), "utf8")) as Fields;
const nested = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
const tokenizer = fixture("tiny-bert", "tokenizer.json");
const model = tokenizer.model as { vocab: object };
const config = JSON.stringify({ ...fixture("tiny-roberta", "config.json"), model_type: "@" });

export const KEPT: readonly { target: string; did: string; content: string | Uint8Array }[] = [
  {
    target: "tokenizer.json",
    did: "did not come back: the library fills an array up to the largest id",
    content: JSON.stringify({ ...tokenizer, model: { ...model, vocab: { ...model.vocab, film: 2 ** 31 } } }),
  },
  {
    target: "tokenizer.json",
    did: "did not come back: a token that the schema did not see",
    content: JSON.stringify(tokenizer).replace('"film":', `"__proto__":${2 ** 31},"film":`),
  },
  {
    target: "tokenizer.json",
    did: "TypeError at an unknown word",
    content: JSON.stringify({ ...tokenizer, model: { ...model, unk_token: undefined } }),
  },
  {
    target: "tokenizer.json",
    did: "TypeError at the first text",
    content: JSON.stringify({ ...tokenizer, post_processor: { type: "TemplateProcessing", single: [3], pair: [] } }),
  },
  {
    target: "config.json",
    did: "RangeError: JSON.stringify ran out of stack",
    content: config.replace('"@"', () => nested),
  },
  {
    target: "model.safetensors.index.json",
    did: "a message of 30,000 characters",
    content: JSON.stringify({ weight_map: { a: "x".repeat(30_000) } }),
  },
  {
    target: "behavior.jsonl",
    did: "TypeError",
    content: JSON.stringify({ ...behaviorResult(), alignment: undefined }),
  },
  { target: "behavior.jsonl", did: "TypeError", content: JSON.stringify({ ...behaviorResult(), features: [null] }) },
  { target: "behavior.csv", did: "SyntaxError's words for a setting", content: "setting,k\n{,1\n" },
  { target: "parameters file", did: "TypeError", content: "{}" },
  {
    target: "notebook",
    did: "TypeError's words",
    content: '{"cells":[{"cell_type":"code","metadata":null,"source":3}]}',
  },
  {
    target: "zip of kernels",
    did: "EEXIST",
    content: makeZip(["mr", "mr/train_kernels_mr.pt"].map((name) => ({ name, content: Buffer.from("x") }))),
  },
  {
    target: "tokenizer.json",
    did: "TypeError's words",
    content: JSON.stringify({ ...tokenizer, normalizer: { type: "Sequence", normalizers: {} } }),
  },
  { target: "template", did: "an Error that did not say that the input is at fault", content: "*cls**sent_0*" },
  { target: "csv", did: "an Error that did not say that the input is at fault", content: '0,"a film' },
];
