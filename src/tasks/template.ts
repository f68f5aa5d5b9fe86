import { InputError } from "../errors";

/**
 * The prompt template language of LM-BFF. A template is cut at every `*`; each piece is one part:
 *
 * | part | gives |
 * |---|---|
 * | `cls`, `mask`, `sep`, `sep+` | the special token |
 * | `sent_i` | text i |
 * | `+sent_i` | a space, then text i |
 * | `sent-_i` | text i without its last character, whatever that is |
 * | `sentl_i`, `+sentl_i` | text i with its first letter in lower case, after a space with `+` |
 * | `sentl-_i` | the first letter in lower case and the last character dropped |
 * | `sentu_i`, `+sentu_i` | text i with its first letter in upper case, after a space with `+` |
 * | anything else | itself, `_` meaning a space; a single character is a token of its own, without a space before it |
 *
 * `label_i` and `labelx_i` stand for the answers of demonstrations, which the paper does not use: refused.
 */
export type TemplatePart =
  | { kind: "special"; token: "cls" | "mask" | "sep" }
  | { kind: "sentence"; index: number; change: (text: string) => string }
  | { kind: "literal"; text: string };

/**
 * Cuts a template into its parts.
 *
 * @throws if a part is malformed or the template has not exactly one mask
 */
export function parseTemplate(template: string): TemplatePart[] {
  if (/^(["']).*\1$/s.test(template)) {
    throw new InputError(
      `template ${JSON.stringify(template)} has quotation marks around it, which would become part of the prompt: leave them out`,
    );
  }
  const parts = template
    .split("*")
    .filter((part) => part !== "")
    .map((part) => parsePart(part, template));
  const masks = parts.filter((part) => part.kind === "special" && part.token === "mask").length;
  if (masks === 0) {
    throw new InputError(`template ${JSON.stringify(template)} has no *mask*, where the label word is to be predicted`);
  }
  if (masks > 1) {
    throw new InputError(
      `template ${JSON.stringify(template)} has ${masks} masks; a label word is one token, predicted at one *mask*`,
    );
  }
  return parts;
}

/** Why a template does not serve a task whose examples have so many texts; undefined if it does. */
export function templateProblem(template: string, texts: number): string | undefined {
  try {
    const asked = parseTemplate(template).flatMap((part) => (part.kind === "sentence" ? [part.index] : []));
    const beyond = asked.find((index) => index >= texts);
    if (beyond !== undefined)
      return `it asks for text ${beyond}, and an example of the task has only ${texts === 1 ? "text 0" : `texts 0 to ${texts - 1}`}`;
    return asked.length > 0
      ? undefined
      : `template ${JSON.stringify(template)} has no text of the example, so all prompts would be the same: put *sent_0* in it`;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * A template for readers, without the tokens that begin and end every prompt: "⟨sentence⟩ It was ⟨mask⟩." What a part does
 * to a text's first letter or last character is not said.
 */
export function templateText(template: string): string {
  const parts = parseTemplate(template);
  const several = new Set(parts.map((part) => (part.kind === "sentence" ? part.index : 0))).size > 1;
  const words = parts.map((part) => {
    if (part.kind === "literal") return part.text;
    if (part.kind === "special") return part.token === "mask" ? " ⟨mask⟩" : "";
    return `${part.change("x").startsWith(" ") ? " " : ""}⟨sentence${several ? ` ${part.index + 1}` : ""}⟩`;
  });
  return words.join("").trim();
}

function parsePart(part: string, template: string): TemplatePart {
  switch (part) {
    case "cls":
    case "mask":
    case "sep":
      return { kind: "special", token: part };
    case "sep+": // "+" begins a new segment, which the authors' code never gives to a model, BERT or RoBERTa.
      return { kind: "special", token: "sep" };
  }
  const sentence = /^(\+?)sent([lu]?)(-?)_(\d+)$/.exec(part);
  const kind = sentence === null ? "" : `${sentence[1]}sent${sentence[2]}${sentence[3]}`;
  if (sentence !== null && Object.hasOwn(CHANGES, kind)) {
    return { kind: "sentence", index: Number(sentence[4]), change: CHANGES[kind] };
  }
  if (/^\+?sent/.test(part)) {
    throw new InputError(
      `template ${JSON.stringify(template)}: ${JSON.stringify(part)} is no sentence part; there are ${Object.keys(CHANGES).join("_0, ")}_0`,
    );
  }
  if (/^labelx?_/.test(part)) {
    throw new InputError(
      `template ${JSON.stringify(template)}: ${JSON.stringify(part)} is for prompts with demonstrations, which are not supported`,
    );
  }
  return { kind: "literal", text: part.replaceAll("_", " ") };
}

/** What each kind of sentence part does to its text. Characters are Unicode code points, as in Python. */
const CHANGES: Readonly<Record<string, (text: string) => string>> = {
  sent: (text) => text,
  "+sent": (text) => ` ${text}`,
  "sent-": (text) => [...text].slice(0, -1).join(""),
  sentl: (text) => lowerFirst([...text]),
  "+sentl": (text) => ` ${lowerFirst([...text])}`,
  "sentl-": (text) => [...lowerFirst([...text])].slice(0, -1).join(""),
  sentu: (text) => upperFirst([...text]),
  "+sentu": (text) => ` ${upperFirst([...text])}`,
};

function lowerFirst([first = "", ...rest]: string[]): string {
  return first.toLowerCase() + rest.join("");
}

function upperFirst([first = "", ...rest]: string[]): string {
  return first.toUpperCase() + rest.join("");
}
