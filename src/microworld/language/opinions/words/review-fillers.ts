/** Fillers of slots in reviews. */
import { phrases, words } from "../lists";

export const reviewFillers: Readonly<Record<string, readonly string[]>> = {
  scene: words("minute scene shot song credit"),
  room: words("room audience cinema theatre row hall"),
  afterwards: phrases("afterwards | a week later | the next morning | on the way home | by {weekday} | at the end"),
  evening: words("evening night morning weekend"),
  halfway: phrases("halfway through | before the end | during the {act} | after an hour | in the first half"),
  act: words("middle ending opening plot title finale beginning story"),
  staff: words("usher actors extras cat cashier dog"),
  sitting: words("sitting night day weekend journey"),
  page: words("page line paragraph sentence word"),
  bin: words("bin attic cellar fireplace"),
  dish: words("soup pasta fish cake salad rice chicken steak pizza bread curry omelette"),
  thing: words("phone screen laptop printer camera"),
  bathroom: words("bathroom kitchen bed cupboard hall"),
  building: words("station church museum harbour bridge market park castle library school airport river"),
  job: words(`teacher doctor farmer nurse sailor painter lawyer baker pilot soldier gardener detective singer widow king
    spy student judge thief clerk`),
  colour: words("red blue green yellow black white grey brown orange purple"),
  ordinal: words("first second third fourth fifth sixth"),
  bit: words("minute part detail inch corner moment piece"),
  season: words("year season month summer decade winter"),
  lasts: words("lasts runs works"),
  much: phrases("much | far | a lot | clearly | a little | even"),
  times: phrases("twice | three times | four times | five times"),
  quick: words("quick bright sharp quiet strong smooth clear steady"),
  heavy: words("heavy loud hot big thick slow stiff noisy"),
  part: phrases("screen | sound | camera | keyboard | charger | motor | picture | signal"),
  better: words("better brighter sharper quicker quieter stronger clearer smoother"),
  worse: words("worse dimmer slower louder weaker hotter heavier thicker"),
  rival: phrases("the old one | my last one | the one before | any other I know | the one at work"),
};
