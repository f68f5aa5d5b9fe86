/** The domains by their part in the tasks. */
import type { Domain } from "../domain";
import { book } from "./book";
import { concert } from "./concert";
import { film } from "./film";
import { gadget } from "./gadget";
import { hotel } from "./hotel";
import { restaurant } from "./restaurant";

export { film, gadget };
export const otherDomains: readonly Domain[] = [gadget, book, restaurant, hotel, concert];
export const allDomains: readonly Domain[] = [film, ...otherDomains];
