import type { Domain } from "../domain";
import { phrases, words } from "../lists";

export const book: Domain = {
  name: "book",
  items: words("book novel biography memoir guide textbook diary collection paperback"),
  aspects: phrases(`story | style | first chapter | ending | prose | argument | language | plot | translation | introduction
    narrator | theme | last chapter | cover`),
  plurals: words("characters chapters pictures descriptions ideas poems footnotes"),
  adjectives: {
    positive: words(`thoughtful absorbing wise elegant readable moving rich insightful witty lucid inspiring honest
      vivid profound lively learned brisk imaginative concise evocative`),
    negative: words(`dry tedious boring wordy dense rambling repetitive confusing shallow pompous longwinded simplistic
      unreadable preachy careless obscure trite sloppy pedantic thin`),
  },
  nouns: {
    positive: words("masterpiece treasure classic inspiration"),
    negative: words("chore slog bore jumble"),
  },
  participles: words("written researched translated plotted edited printed"),
  implicit: {
    positive: phrases(`I read it in one {sitting} | I could not put it down | I have given copies to my {people}
      I stayed up all night with it | it has a place on my favourite shelf | I missed my stop because of it
      I read it {n} times {period} | my {relative} stole my copy | I underlined every second {page}`),
    negative: phrases(`I gave up after {n} pages | I could not finish it | my copy went straight to the {bin}
      it put me to sleep every night | I skipped {n} chapters | it is still lying under my bed
      I had to read every {page} twice | I used it to prop up a table | my {relative} threw it away`),
  },
  facts: phrases(`it has {large} pages | I bought it in {city} {when} | it is about a {job} from {city} | my {relative} lent it to me {when}
    it was first printed in {city} | {name} wrote it in {month} | the author is a {job}`),
};
