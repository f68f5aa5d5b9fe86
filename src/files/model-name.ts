import { existsSync } from "node:fs";

/**
 * Refuses what cannot be the id of a model on the Hub; folders are for the caller to tell apart first.
 * @throws naming the id
 */
export function checkModelId(id: string): void {
  if (existsSync(id)) throw new Error(`${id} is a file: give the folder of a model, or its id on the Hub`);
  if (!/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(id) || id.includes("..")) {
    throw new Error(
      `there is no folder ${id}, and it is not the id of a model on the Hub ("name" or "organisation/name")`,
    );
  }
}
