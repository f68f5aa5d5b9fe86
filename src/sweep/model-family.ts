import { InputError } from "../errors";
/** Models trained further from one model on texts that differ only in how natural the prompt is in them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface FamilyMember {
  /** The model's folder. */
  folder: string;
  /** Share of the verdicts in its text that are worded as the prompt words them, 0 to 1. */
  naturalness: number;
  /** All settings of its pretraining, and the hash of the model that it began from. */
  settings: Record<string, string | number>;
  /** Mean training loss at the end, in nats, as far as it was recorded. */
  loss?: number;
}

/** What `npm run pretrain` writes beside a model; `npm run naturalness` adds the level. */
interface TrainingRecord {
  naturalness?: number;
  from?: string;
  settings?: Record<string, number>;
  curve?: { loss: number }[];
}

/**
 * What the models' `training.json` say, in the order of naturalness.
 * @throws naming the folder that has none, or the ones that are equally natural
 */
export function modelFamily(folders: readonly string[]): FamilyMember[] {
  const members = folders.map(readMember).sort((a, b) => a.naturalness - b.naturalness);
  const twin = members.findIndex(({ naturalness }, i) => i > 0 && naturalness === members[i - 1].naturalness);
  if (twin > 0)
    throw new InputError(
      `${members[twin - 1].folder} and ${members[twin].folder} have the same naturalness, ${members[twin].naturalness}: a family has one model of each`,
    );
  return members;
}

function readMember(folder: string): FamilyMember {
  const file = join(folder, "training.json");
  if (!existsSync(file))
    throw new InputError(
      `${folder} has no training.json, which says how natural the prompt was in pretraining: is it a model of npm run naturalness?`,
    );
  const { naturalness, from = "", settings = {}, curve } = JSON.parse(readFileSync(file, "utf8")) as TrainingRecord;
  if (typeof naturalness !== "number") throw new InputError(`${file}: naturalness is missing or no number`);
  const loss = curve?.at(-1)?.loss;
  return { folder, naturalness, settings: { from, ...settings }, ...(loss === undefined ? {} : { loss }) };
}

/** The settings in which the members are not all alike. */
export const differingSettings = (members: readonly FamilyMember[]): string[] =>
  [...new Set(members.flatMap(({ settings }) => Object.keys(settings)))].filter(
    (name) => new Set(members.map(({ settings }) => settings[name])).size > 1,
  );
