/** The packages that a page has: what the rooms use of them as they compute. */
import * as mlMatrix from "ml-matrix";
import * as z from "zod";

// Zod would compile its schemas with new Function, which a page's policy forbids.
z.config({ jitless: true });

export { mlMatrix, z };
