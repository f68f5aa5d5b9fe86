/** Words of degree, common to rare. */
import { phrases } from "../lists";

/** Before an adjective that is meant in full. */
export const strongAdverbs = phrases("truly | extremely | incredibly | utterly | absolutely | deeply | thoroughly | totally | completely | unbelievably");

/** Before an adjective that is meant by half. */
export const mildAdverbs = phrases("rather | fairly | quite | mostly | somewhat | reasonably | pretty | moderately");

/** Neither good nor bad. */
export const middlingAdjectives = phrases("average | ordinary | okay | passable | middling | acceptable | tolerable | unremarkable | standard | adequate | usual");
