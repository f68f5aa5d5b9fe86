/** Which parameters a kernel's gradients are taken over. */
import { InputError } from "../errors";

/** Names for common groups. Everything else is a pattern over Hugging Face's parameter names, in which `*` matches anything. */
export const PARAMETER_GROUPS = {
  /** Word, position and type embeddings and their layer norm: the authors' exclude_embeddings. */
  embeddings: "*.embeddings.*",
  /** The masked-LM head or the new classifier: the authors' exclude_head. */
  head: /^(lm_head|classifier|cls)\./,
  /** All biases, layer norms' too (BitFit): the authors' only_biases. */
  biases: "*.bias",
  /** LoRA's low-rank factors. */
  lora: "*.lora_?.weight",
} as const;

/**
 * Parameters to take, as group names or patterns; none means all. "!" before one leaves its parameters out, whatever
 * else takes them. Examples: `["!embeddings"]`, `["biases"]`, `["*.layer.11.*", "head", "!biases"]`.
 */
export type ParameterFilter = readonly string[];

/**
 * The names of the model's parameters that a filter takes.
 * @throws {InputError} naming the pattern that fits no parameter, or if no parameter is left
 */
export function selectParameters(names: Iterable<string>, filter: ParameterFilter): Set<string> {
  const all = [...names];
  const matching = (patterns: string[]): Set<string> => new Set(patterns.flatMap((pattern) => matches(all, pattern)));
  const without = matching(filter.filter((part) => part.startsWith("!")).map((part) => part.slice(1)));
  const wanted = filter.filter((part) => !part.startsWith("!"));
  const taken = wanted.length > 0 ? matching(wanted) : new Set(all);
  const left = new Set(all.filter((name) => taken.has(name) && !without.has(name)));
  if (left.size === 0)
    throw new InputError(`the parameter filter ${JSON.stringify(filter)} leaves no parameter of the model`);
  return left;
}

function matches(names: string[], pattern: string): string[] {
  const test = Object.hasOwn(PARAMETER_GROUPS, pattern)
    ? PARAMETER_GROUPS[pattern as keyof typeof PARAMETER_GROUPS]
    : pattern;
  const expression = typeof test === "string" ? glob(test) : test;
  const found = names.filter((name) => expression.test(name));
  if (found.length > 0) return found;
  const groups = Object.keys(PARAMETER_GROUPS).join(", ");
  throw new InputError(
    `the parameter filter "${pattern}" fits no parameter of the model: use ${groups}, or a pattern such as *.layer.0.*; the model has, for example, ${names.slice(0, 3).join(", ")}`,
  );
}

const glob = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, ".")}$`,
  );
