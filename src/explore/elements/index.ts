/** The explorers as custom elements: `<kernel-explorer-sentence>` and so on, one for each kind of question. */
import type { Request } from "../answer";
import { EntryExplorer } from "./entry";
import { PromptExplorer } from "./prompt";
import { SentenceExplorer } from "./sentence";
import { TrainingExplorer } from "./training";

const ELEMENTS = {
  sentence: SentenceExplorer,
  entry: EntryExplorer,
  prompt: PromptExplorer,
  training: TrainingExplorer,
} satisfies Record<Request["kind"], CustomElementConstructor>;

/** The name of a kind's element. */
export const elementName = (kind: Request["kind"]): string => `kernel-explorer-${kind}`;

/** Makes the elements known to the page, once. */
export function defineExplorers(): void {
  for (const [kind, element] of Object.entries(ELEMENTS) as [Request["kind"], CustomElementConstructor][])
    if (!customElements.get(elementName(kind))) customElements.define(elementName(kind), element);
}
