/** Models that were pretrained on the same language and differ in how natural the tasks' prompts are in it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PretrainingSettings } from "./pretraining/settings";

export interface FamilyMember {
  /** The model's folder. */
  folder: string;
  /** `naturalness` of its language, 0 to 1. */
  naturalness: number;
  settings: PretrainingSettings;
  /** Mean training loss at the end, in nats, as far as it was recorded. */
  loss?: number;
}

/**
 * What the models' `training.json` say, in the order of naturalness.
 * @throws naming the folder that has none, or the ones that are equally natural
 */
export function modelFamily(folders: readonly string[]): FamilyMember[] {
  const members = folders.map(readMember).sort((a, b) => a.naturalness - b.naturalness);
  const twin = members.findIndex(({ naturalness }, i) => i > 0 && naturalness === members[i - 1].naturalness);
  if (twin > 0) throw new Error(`${members[twin - 1].folder} and ${members[twin].folder} have the same naturalness, ${members[twin].naturalness}: a family has one model of each`);
  return members;
}

function readMember(folder: string): FamilyMember {
  const file = join(folder, "training.json");
  if (!existsSync(file)) throw new Error(`${folder} has no training.json, which says how natural the prompts were in pretraining: is it a model of npm run pretrain?`);
  const { settings, curve } = JSON.parse(readFileSync(file, "utf8")) as { settings?: PretrainingSettings; curve?: { loss: number }[] };
  const naturalness = settings?.language?.naturalness;
  if (!settings || typeof naturalness !== "number") throw new Error(`${file}: settings.language.naturalness is missing or no number`);
  const loss = curve?.at(-1)?.loss;
  return { folder, naturalness, settings, ...(loss === undefined ? {} : { loss }) };
}

/** The settings in which the members are not all alike, as paths: "language.naturalness". */
export function differingSettings(members: readonly FamilyMember[]): string[] {
  const flat = members.map(({ settings }) => new Map(leaves(settings)));
  const paths = [...new Set(flat.flatMap((own) => [...own.keys()]))];
  return paths.filter((path) => new Set(flat.map((own) => own.get(path))).size > 1);
}

function leaves(value: unknown, path = ""): [string, string][] {
  if (typeof value !== "object" || value === null) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([name, own]) => leaves(own, path === "" ? name : `${path}.${name}`));
}
