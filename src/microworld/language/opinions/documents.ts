/** The kinds of text in which opinions are given, and those in which none are. */
import { drawAffair } from "./affairs";
import type { DocumentKind } from "../document";
import { drawEditorial } from "./editorials";
import { drawEverydayText } from "../neutral";
import { drawSynopsis } from "./plots";
import { drawFilmReview, drawGradedReview, drawOtherReview } from "./reviews";

export const opinionDocuments: readonly DocumentKind[] = [
  { name: "film reviews", weight: ({ opinions }) => opinions.shares.films, draw: drawFilmReview },
  { name: "other reviews", weight: ({ opinions }) => opinions.shares.otherReviews, draw: drawOtherReview },
  { name: "graded reviews", weight: ({ opinions }) => opinions.shares.graded, draw: drawGradedReview },
  { name: "world affairs", weight: ({ opinions }) => opinions.shares.affairs, draw: drawAffair },
  { name: "plots", weight: ({ opinions }) => opinions.shares.plots, draw: drawSynopsis },
  { name: "editorials", weight: ({ opinions }) => opinions.shares.editorials, draw: drawEditorial },
  { name: "everyday text", weight: ({ opinions }) => opinions.shares.everyday, draw: drawEverydayText },
];
