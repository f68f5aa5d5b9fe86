/** The kinds of text in which opinions are given, and those in which none are. */
import { drawAffair } from "./affairs";
import { wordCount, type Document, type DocumentKind } from "../document";
import { drawEditorial } from "./editorials";
import { drawEverydayText } from "../neutral";
import { drawSynopsis } from "./plots";
import { drawAffairPoints, drawReviewPoints } from "./points";
import type { Random } from "../random";
import { drawFilmReview, drawGradedReview, drawOtherReview } from "./reviews";
import type { LanguageSettings } from "../settings";
import type { OpinionDocumentShares } from "./settings";

/** Most and fewest words of a document; a verdict after a single short phrase is among the shortest. */
const bounds = { fewest: 6, most: 60 } as const;

type Draw = (random: Random, settings: LanguageSettings) => Document;

/** Draws again until the document is neither too short nor too long. */
function bounded(draw: Draw): Draw {
  return (random, settings) => {
    for (;;) {
      const document = draw(random, settings);
      const words = wordCount(document);
      if (words >= bounds.fewest && words <= bounds.most) return document;
    }
  };
}

function kind(name: string, share: keyof OpinionDocumentShares, draw: Draw): DocumentKind {
  return { name, weight: ({ opinions }) => opinions.shares[share], draw: bounded(draw) };
}

export const opinionDocuments: readonly DocumentKind[] = [
  kind("film reviews", "films", drawFilmReview),
  kind("other reviews", "otherReviews", drawOtherReview),
  kind("graded reviews", "graded", drawGradedReview),
  kind("world affairs", "affairs", drawAffair),
  kind("plots", "plots", drawSynopsis),
  kind("editorials", "editorials", drawEditorial),
  kind("everyday text", "everyday", drawEverydayText),
  kind("reviews point by point", "reviewPoints", drawReviewPoints),
  kind("affairs point by point", "affairPoints", drawAffairPoints),
];
