/** The world's entities with one value for each of their properties: made once, the same for every seed of the language. */
import { createRandom, deriveSeed, draw, weighted, zipf, type Random, type Weighted } from "../random";
import { entityTypes, organisations, type AnswerType, type EntityTypeText } from "./entity-types";
import { createPhrasing, phrases, type PhraseTable } from "./phrasing";
import { factLists } from "./words";

export const phrasing = createPhrasing(factLists);

export interface Property {
  name: string;
  answer: AnswerType;
  predicates: PhraseTable;
  sentences: PhraseTable;
  questions: PhraseTable;
}

export interface EntityType {
  name: string;
  area: AnswerType;
  who: "who" | "which";
  comparatives: EntityTypeText["comparatives"];
  properties: readonly Property[];
  entities: readonly Entity[];
}

export interface Entity {
  type: EntityType;
  name: string;
  /** A part of the name that can stand for it, or the name itself. */
  short: string;
  /** What it is, "the tower". */
  noun: string;
  /** By property, in the order of the type's. */
  values: readonly string[];
  /** Place among its type's, from 0: the smaller, the better known. */
  rank: number;
  /** Whether it is among the well-known of its type. */
  familiar: boolean;
}

/** The share of a type's entities that count as well-known; they make up most mentions. */
const familiarShare = 0.25;

function shortName(type: EntityTypeText, name: string): string {
  if (type.name === "person") return name.split(" ")[1];
  return type.name === "company" && !name.endsWith("Brothers") ? name.split(" ")[0] : name;
}

function makeType(text: EntityTypeText): EntityType {
  const random = createRandom(deriveSeed("encyclopaedia", text.name));
  const entities: Entity[] = [];
  const type: EntityType = {
    name: text.name,
    area: text.area,
    who: text.who,
    comparatives: text.comparatives,
    properties: text.properties.map(({ name, answer, predicates, sentences, questions }) => ({
      name,
      answer,
      predicates: phrasing.table(phrases(predicates), ["v"]),
      sentences: phrasing.table(phrases(sentences), ["e", "v"]),
      questions: phrasing.table(phrases(questions), ["e"]),
    })),
    entities,
  };
  const values = text.properties.map(({ value }) => phrasing.table([value], ["body"]));
  text.names.forEach((name, rank) => {
    const nouns = text.nouns.length > 0 ? text.nouns : [name.split(" ").at(-1)!.toLowerCase()];
    const filling = { body: organisations.get(name.replace("the ", "")) ?? "" };
    entities.push({
      type,
      name,
      short: shortName(text, name),
      noun: `the ${nouns[random.below(nouns.length)]}`,
      values: values.map((table) => phrasing.say(random, table, filling)),
      rank,
      familiar: rank < text.names.length * familiarShare,
    });
  });
  return type;
}

export const types: readonly EntityType[] = entityTypes.map(makeType);

/** Entities to draw from: a type by its weight, then an entity by Zipf's law. */
export interface EntityTables {
  types: Weighted<EntityType>;
  entities: ReadonlyMap<EntityType, Weighted<Entity>>;
}

const tablesByExponent = new Map<number, EntityTables>();

/** The tables for a Zipf exponent; made once. */
export function entityTables(exponent: number): EntityTables {
  const known = tablesByExponent.get(exponent);
  if (known !== undefined) return known;
  const made: EntityTables = {
    types: weighted(types, entityTypes.map(({ weight }) => weight)),
    entities: new Map(types.map((type) => [type, zipf(type.entities, exponent)])),
  };
  tablesByExponent.set(exponent, made);
  return made;
}

export function drawEntity(random: Random, tables: EntityTables, type: EntityType = draw(random, tables.types)): Entity {
  return draw(random, tables.entities.get(type)!);
}

/** Another entity of the same type, with a short name of its own. */
export function drawOther(random: Random, tables: EntityTables, entity: Entity): Entity {
  for (;;) {
    const other = drawEntity(random, tables, entity.type);
    if (other.short !== entity.short && other.name !== entity.name) return other;
  }
}

/** A property's place among its type's. */
export function drawProperty(random: Random, type: EntityType): number {
  return random.below(type.properties.length);
}

/** A property with another meaning. */
export function drawOtherProperty(random: Random, type: EntityType, ...not: readonly number[]): number {
  for (;;) {
    const place = drawProperty(random, type);
    if (not.every((one) => type.properties[one].name !== type.properties[place].name)) return place;
  }
}

/** Whether the first has more of what a type's comparative says than the second; one of two entities always has. */
export function exceeds(one: Entity, two: Entity, comparative: number): boolean {
  // Steps coprime to 997 make every comparative's order a different one.
  const strength = ({ rank }: Entity): number => ((rank + 1) * (389 + 76 * comparative)) % 997;
  return strength(one) > strength(two);
}
