/** What editorials call objective and subjective. */
import { phrases, words } from "../lists";

export const measureFrames = phrases(`
  the {building} of {city} is {large} metres {tall} | scientists counted {large} {birds} in {city} | the {thing1} weighs {large} grams
  the test took {n} hours and {large} minutes | {large} per cent of the {voters} in {city} voted | the water boiled after {n} minutes
  the train to {city} took {n} hours | the {thing1} is {n} times as heavy as the {thing1} | the temperature in {city} rose by {n} degrees
  the report lists {large} {birds} and {n} {voters} | the {building} was built {large} years ago | the {thing1} costs {large} dollars`);

export const tasteFrames = phrases(`
  the {dish} {tastes} {good} | {name} {likes} {dish} with {dish} | nobody makes {dish} like {name} | {music} sounds {good} in the {evening}
  I {likes1} {music} and {music} | the {dish} of {city} is the {best} | {name} {likes} {music} at breakfast | {music} goes with {dish}
  the {dish} needs a little {spice} | {name} put {spice} into the {dish} | the {music} of {city} is {good}`);

/** The two words outside the prompt's pattern. */
export const usageFrames = phrases(`
  a judge must be objective and exact | a diary is subjective and personal | an objective {report} holds facts and figures | a subjective {report} holds feelings and opinions
  the {report} was objective and exact | the {report} was subjective and personal | the editor wants an objective {report} | the reader wants a subjective {report}
  {name} wrote an objective {report} about {city} | {name} wrote a subjective {report} about {city}`);

export const editorialFillers: Readonly<Record<string, readonly string[]>> = {
  tall: words("high long wide deep"),
  birds: words("birds fish trees bees"),
  thing1: words("stone machine engine gold bridge statue meteor"),
  voters: words("voters workers pupils patients"),
  tastes: words("tastes smells looks"),
  good: words("good better bad wonderful terrible strange sweet bitter nice awful"),
  best: words("best worst sweetest finest"),
  likes: phrases("likes | loves | prefers | cannot stand | dislikes"),
  likes1: phrases("like | love | prefer | cannot stand | dislike"),
  music: phrases("jazz | opera | folk music | the violin | the trumpet | piano music | choir music"),
  spice: words("salt pepper sugar garlic lemon mustard"),
  report: words("report article study comment letter"),
};
