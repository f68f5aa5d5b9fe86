/** A classification task: how its files are laid out, and how an example becomes a prompt. */
export interface Task {
  name: string;
  /** Labels as the files write them; a label's index here is its class. */
  labels: readonly string[];
  /** One word for each label, in the order of `labels`. */
  labelWords: readonly string[];
  /** Prompt in the template language: see `template.ts`. */
  template: string;
  /** Longest sequence in tokens; what is longer loses its end. */
  maxLength: number;
  /** Most tokens of the first sentence within a prompt. */
  firstSentenceLimit?: number;
  /** Most tokens of any other sentence within a prompt. */
  otherSentenceLimit?: number;
  /** Columns of the files, counted from 0. */
  columns: { texts: readonly number[]; label: number | "last" };
  /** Whether the files begin with a line of column names. */
  header: boolean;
  /** File names without ending where they are not train, dev and test. */
  files?: Partial<Record<Split, string>>;
  metric: Metric;
}

export type Split = "train" | "dev" | "test";

/** accuracy: share of right answers; f1: of class 1. */
export type Metric = "accuracy" | "f1";

/** Templates and label words are those of the paper's experiments (LM-BFF's manual prompts). */
const TASKS: readonly Task[] = [
  {
    name: "sst-2",
    labels: ["0", "1"],
    labelWords: ["terrible", "great"],
    template: "*cls**sent_0*_It_was*mask*.*sep+*",
    maxLength: 128,
    columns: { texts: [0], label: 1 },
    header: true,
    metric: "accuracy",
  },
];

/** Names of the known tasks. */
export const taskNames: readonly string[] = TASKS.map((task) => task.name);

/**
 * The task of that name, upper or lower case.
 *
 * @throws naming the known tasks if there is none
 */
export function taskByName(name: string): Task {
  const task = TASKS.find((candidate) => candidate.name === name.toLowerCase());
  if (task === undefined) throw new Error(`there is no task ${JSON.stringify(name)}; known: ${taskNames.join(", ")}`);
  return task;
}
