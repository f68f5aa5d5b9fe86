/** Slots filled from plain lists. */
import { compileFrames, expandFrame, type CompiledFrame, type Frame, type FrameTable } from "../frame";
import { cities, fillers, largeNumbers, months, people, relatives, smallNumbers, weekdays } from "../lexicon";
import { draw, zipf, type Random } from "../random";

export type SlotTables = ReadonlyMap<string, FrameTable>;

const shared: Readonly<Record<string, readonly Frame[]>> = {
  ...fillers,
  city: cities,
  month: months,
  weekday: weekdays,
  relative: relatives,
  n: smallNumbers,
  large: largeNumbers,
};

const names = zipf(people, 0.5);

/** Tables for the slots that everybody uses and for those given; fillers may hold slots themselves. */
export function slotTables(...lists: readonly Readonly<Record<string, readonly Frame[]>>[]): SlotTables {
  return new Map([shared, ...lists].flatMap((list) => Object.entries(list).map(([slot, texts]) => [slot, compileFrames(texts)] as const)));
}

/** What a sentence draws its words from, and those that it has drawn. */
export interface Saying {
  random: Random;
  slots: SlotTables;
  used: Set<string>;
}

/** A word that the sentence has not used, as far as twenty attempts go. */
export function fresh(used: Set<string>, drawWord: () => string): string {
  let word = drawWord();
  for (let attempt = 0; attempt < 20 && used.has(word); attempt += 1) word = drawWord();
  used.add(word);
  return word;
}

/** Fills one slot from its list. @throws if there is none of that name */
export function fillSlot(saying: Saying, slot: string): string {
  const { random, slots, used } = saying;
  if (slot === "name") return fresh(used, () => draw(random, names));
  const table = slots.get(slot);
  if (!table) throw new Error(`no list fills the slot {${slot}}`);
  return fresh(used, () => expandFrame(draw(random, table), (inner) => fillSlot(saying, inner)));
}

/** A frame with all slots filled from lists. */
export function fillFrame(saying: Saying, frame: CompiledFrame): string {
  return expandFrame(frame, (slot) => fillSlot(saying, slot));
}
