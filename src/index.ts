/** Kernel View's public functions, room by room along the data flow. */
export * from "./notebook/index";
