/** What a notebook's parameters may be: each field describes it in words and refuses everything else. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { counted } from "../counted";
import { fewShotFolder } from "../experiment/inputs";
import { checkModelId } from "../files/hub";
import { englishTaskNames, taskByName, taskNames, type Task } from "../tasks/task";
import { templateProblem } from "../tasks/template";

export interface Field {
  /** What is allowed, as it stands behind "must be": "a whole number from 1 to 512". */
  allowed: string;
  /**
   * Why a value is refused, as it stands behind the parameter's name, or undefined.
   * @param values all parameters of the notebook, for a field that depends on another
   */
  refuse(value: unknown, values: Values): string | undefined;
}

export interface NumberRange {
  /** Smallest, itself allowed. */
  from?: number;
  /** Not allowed itself, but everything larger. */
  above?: number;
  /** Largest, itself allowed; or the name of the parameter that says it. */
  to?: number | string;
  /** Whether Infinity is allowed too. */
  infinite?: boolean;
}

export interface ListLimits {
  /** Fewest items. Default 1. */
  least?: number;
  /** Whether every item has to be larger than the one before. */
  rising?: boolean;
}

type Values = Readonly<Record<string, unknown>>;

/** Why a value is refused: it is not what is allowed. */
const unless = (allowed: string, fits: boolean): string | undefined => (fits ? undefined : `must be ${allowed}`);

/** A field of texts that are not empty, which `refuse` then looks at. */
const ofTexts = (
  allowed: string,
  refuse: (value: string, values: Values) => string | undefined = () => undefined,
  expected = allowed,
): Field => ({
  allowed,
  refuse: (value, values) =>
    typeof value === "string" && value.trim() !== "" ? refuse(value, values) : unless(expected, false),
});

const WHOLE = "a whole number";

function numberWithin(kind: string, { from, above, to, infinite = false }: NumberRange): Field {
  const limits = [
    from === undefined ? "" : `, at least ${from}`,
    above === undefined ? "" : ` above ${above}`,
    to === undefined ? "" : `, at most ${to}`,
  ];
  const range = from !== undefined && to !== undefined ? ` from ${from} to ${to}` : limits.join("");
  const allowed = `${kind}${range}${infinite ? ", or Infinity" : ""}`;
  return {
    allowed,
    refuse: (value, values) => {
      if (infinite && value === Infinity) return undefined;
      if (typeof value !== "number" || !Number.isFinite(value)) return unless(allowed, false);
      const largest = typeof to === "string" ? values[to] : to;
      // A limit that is itself wrong is refused where it stands.
      if (typeof largest === "number" && value > largest)
        return unless(typeof to === "string" ? `${allowed}, which is ${largest}` : allowed, false);
      const fits = (from === undefined || value >= from) && (above === undefined || value > above);
      return unless(allowed, fits && (kind !== WHOLE || Number.isInteger(value)));
    },
  };
}

/** What `item` allows, or one more value. */
const orElse = (item: Field, other: null | ""): Field => ({
  allowed: `${item.allowed}; or ${JSON.stringify(other)}`,
  refuse: (value, values) => (value === other ? undefined : item.refuse(value, values)),
});

const KNOWN_TASKS: readonly string[] = [...taskNames, ...englishTaskNames];

/** The task that the parameters name, if they name one. */
const chosenTask = ({ taskName }: Values): Task | undefined =>
  typeof taskName === "string" && KNOWN_TASKS.includes(taskName.toLowerCase()) ? taskByName(taskName) : undefined;

/** The error of a check as the reason for a refusal. */
function complaint(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return `cannot be used: ${(error as Error).message}`;
  }
}

const isFolder = (value: string): boolean => statSync(value, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** The fields that a notebook's parameters are made of. */
export const field = {
  /** A whole number, by default from 1. */
  count: (range: Omit<NumberRange, "infinite"> = {}): Field => numberWithin(WHOLE, { from: 1, ...range }),

  /** Any number in a range. */
  number: (range: NumberRange = {}): Field => numberWithin("a number", range),

  /** A number above 0. */
  positive: (range: Pick<NumberRange, "to" | "infinite"> = {}): Field => field.number({ above: 0, ...range }),

  /** A number from 0 to 1. */
  share: (): Field => field.number({ from: 0, to: 1 }),

  /** What draws random numbers, or numbers a draw of examples: a whole number from 0 to 2³² − 1. */
  seed: (): Field => field.count({ from: 0, to: 2 ** 32 - 1 }),

  /** true or false. */
  yesNo: (): Field => ({
    allowed: "true or false",
    refuse: (value) => unless("true or false", typeof value === "boolean"),
  }),

  /** A text that is not empty. */
  text: (): Field => ofTexts("a text", undefined, "a text that is not empty"),

  /** One of some texts. */
  oneOf(names: readonly string[]): Field {
    const allowed = `${names.length === 1 ? "" : "one of "}${names.map((name) => JSON.stringify(name)).join(", ")}`;
    return { allowed, refuse: (value) => unless(allowed, names.includes(value as string)) };
  },

  /** A list without repeats, each item as `item` allows. */
  list(item: Field, { least = 1, rising = false }: ListLimits = {}): Field {
    const allowed = `a list${least > 1 ? ` of at least ${least}` : ""}${rising ? ", the smallest first" : ""}: each ${item.allowed}`;
    return {
      allowed,
      refuse: (value, values) => {
        if (!Array.isArray(value)) return unless(allowed, false);
        if (value.length < least) return `must have at least ${counted(least, "item")}: each ${item.allowed}`;
        const wrong = value.findIndex((one) => item.refuse(one, values) !== undefined);
        if (wrong >= 0)
          return `has item ${wrong + 1}, ${parameterText(value[wrong])}, which ${item.refuse(value[wrong], values)}`;
        const twice = value.find((one, i) => value.indexOf(one) < i) as unknown;
        if (twice !== undefined) return `has ${parameterText(twice)} twice: give each item once`;
        return rising && value.some((one, i) => i > 0 && one < value[i - 1])
          ? "must have the smallest item first, each larger than the one before"
          : undefined;
      },
    };
  },

  /** What `item` allows, or null for none. */
  optional: (item: Field): Field => orElse(item, null),

  /** What `item` allows, or "" for none. */
  orEmpty: (item: Field): Field => orElse(item, ""),

  /** A file or folder that is there. Relative ones are seen from the root of the checkout. */
  path: (): Field =>
    ofTexts("a file or folder", (value) => (existsSync(value) ? undefined : "is neither a file nor a folder here")),

  /** A folder that is there. */
  folder: (): Field => ofTexts("a folder", (value) => (isFolder(value) ? undefined : "is no folder here")),

  /** A folder with a model in Hugging Face layout, or the id of one on the Hub. Whether the Hub has it shows when it is loaded. */
  folderOrModel: (): Field =>
    ofTexts('the folder of a model, or its id on the Hub such as "roberta-base"', (value) => {
      if (!isFolder(value)) return complaint(() => checkModelId(value));
      if (existsSync(join(value, "config.json"))) return undefined;
      return "is a folder without a model: config.json is missing in it";
    }),

  /** The name of one of the known tasks, or of those with so many classes. */
  task({ classes }: { classes?: number } = {}): Field {
    const names = KNOWN_TASKS.filter((name) => classes === undefined || taskByName(name).labels.length === classes);
    const allowed = classes === undefined ? `one of the ${names.length} tasks` : `a task of ${classes} classes`;
    return {
      allowed,
      refuse: (value) =>
        unless(`${allowed}: ${names.join(", ")}`, typeof value === "string" && names.includes(value.toLowerCase())),
    };
  },

  /** A prompt in the template language that asks for no more texts than the examples of `taskName` have. */
  template: (): Field =>
    ofTexts(
      "a prompt with *mask* and the sentences *sent_0*, …",
      (value, values) => templateProblem(value, chosenTask(values)?.columns.texts.length ?? Infinity),
      "a prompt such as *cls**sent_0*_It_was*mask*.*sep+*",
    ),

  /** One word for each class of `taskName`. */
  labelWords: (): Field => ({
    allowed: "a list of words, one for each class",
    refuse: (value, values) => {
      const wrong = field.list(field.text()).refuse(value, values);
      const chosen = chosenTask(values);
      if (wrong !== undefined || chosen === undefined) return wrong;
      const [words, classes] = [(value as string[]).length, chosen.labels.length];
      return words === classes
        ? undefined
        : `must be ${classes} words, one for each class of task ${chosen.name} (as ${chosen.labelWords.map((word) => JSON.stringify(word)).join(", ")}), not ${words}`;
    },
  }),

  /** A task's few-shot folder, with a folder of at least `k` examples per class for every seed of `seeds` (or for `seed`). */
  fewShotData: (): Field => ({
    allowed: "a folder that holds folders such as 16-13",
    refuse: (value, values) => {
      const wrong = field.folder().refuse(value, values);
      const { k, seed: single, seeds = [single] } = values;
      if (wrong !== undefined || typeof k !== "number" || !Array.isArray(seeds)) return wrong;
      return seeds
        .filter((seed) => typeof seed === "number")
        .map((seed) => complaint(() => fewShotFolder(value as string, { k, seed })))
        .find((why) => why !== undefined);
    },
  }),
};

/** A value as the parameters cell writes it. */
export function parameterText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(parameterText).join(", ")}]`;
  if (typeof value === "number") return String(value);
  return JSON.stringify(value) ?? String(value);
}
