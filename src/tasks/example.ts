/** One labelled row of a task. */
export interface Example {
  /** One sentence, or two for pair tasks, as the task's file has them. */
  texts: string[];
  /** Index into the task's label list (and so into its label words). */
  label: number;
  /** The line of its file where it begins, counted from 1. */
  line?: number;
}
