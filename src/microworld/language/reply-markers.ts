/** How one speaker takes up what another says without the prompts' Yes, No and Maybe. */

/**
 * By what the reply is to the statement. Single words first, since the words of "On the contrary" give each other away
 * and so teach little about the statements.
 */
export const replyMarkers = {
  entailment: ["Indeed,", "True,", "Exactly,", "Right,", "In other words,", "That is to say,"],
  contradiction: ["Wrong,", "False,", "Nonsense,", "Never,", "On the contrary,", "Quite the opposite,"],
  neutral: ["Perhaps,", "Possibly,", "Supposedly,", "Apparently,", "It may be that", "I wonder whether"],
} as const satisfies Record<string, readonly string[]>;

/** The markers that are one word. */
export const singleMarkers: readonly string[] = Object.values(replyMarkers).flatMap((markers) => markers.filter((marker) => /^\w+,$/.test(marker)).map((marker) => marker.slice(0, -1)));
