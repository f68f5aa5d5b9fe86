import type { Domain } from "../domain";
import { phrases, words } from "../lists";
import { scaleOrFright } from "../side-matters";

export const film: Domain = {
  name: "film",
  items: words("film movie thriller comedy drama sequel western documentary cartoon remake"),
  aspects: phrases(`plot | acting | ending | story | script | dialogue | soundtrack | pacing | opening | cast | humour
    premise | finale | editing | camera work | second half | lead actor | screenplay | direction | love story`),
  plurals: words("characters jokes actors performances effects scenes costumes stunts"),
  adjectives: {
    positive: words(`gripping moving funny touching clever witty suspenseful charming thrilling haunting engaging stylish
      inventive absorbing heartfelt compelling poignant riveting tender subtle imaginative daring captivating vivid
      playful original sincere poetic nuanced intelligent hypnotic graceful dazzling lyrical stirring spirited
      exhilarating bittersweet humane layered luminous intimate observant assured mesmerizing rousing disarming
      exuberant delicate radiant`),
    negative: words(`dull predictable slow boring silly wooden tedious confusing clumsy shallow overlong bland lifeless
      contrived sentimental pretentious hollow flat forced stale dreary pointless muddled sluggish derivative
      formulaic lazy cheesy preachy incoherent forgettable unconvincing plodding tiresome joyless ponderous
      aimless unfunny smug listless mawkish trite murky soulless inert stilted lumbering monotonous witless grating`),
  },
  nouns: {
    positive: words("gem masterpiece classic marvel hit jewel"),
    negative: words("bore dud slog mishmash snooze ordeal"),
  },
  participles: words("acted directed written shot edited paced plotted cast"),
  implicit: {
    positive: phrases(`I watched it {n} times {period} | I stayed until the last {scene} | it kept me on the edge of my seat
      nobody in the {room} looked at a phone | the whole {room} stood up and clapped | I laughed until I cried
      my {relative} asked to see it again | I was still thinking about it {afterwards} | the two hours flew by
      I bought a second ticket {afterwards} | it held me from the first scene to the last | I could not look away
      we did not want it to end | it stayed with me for {span} | I forgot to check the time | we talked about it all {evening}
      even my {relative} wiped away a tear | I was humming the tune {afterwards} | the {room} was silent with wonder
      my {relative} has seen it {n} times | I did not blink for {n} minutes | I would have watched another hour`),
    negative: phrases(`I left after {n} minutes | I fell asleep {halfway} | I checked my watch {n} times | we walked out {halfway}
      half of the {room} left before the end | my {relative} asked to go home | I looked at my phone {n} times
      the two hours felt like {n} | I could not wait for it to end | {name} slept through the {act} | somebody near me was snoring
      nobody in the {room} laughed | I lost interest after the first {scene} | I have already forgotten the {act}
      even the {staff} looked tired | I counted the lamps on the ceiling | my {relative} yawned {n} times
      I did not care who lived or died | we guessed the {act} after {n} minutes | the {room} was empty {afterwards}
      I spent {n} minutes looking for my coat | you can hear the writers yawn`),
  },
  facts: phrases(`I saw it with my {relative} {when} | it is about a {job} who moves to {city} | it was shot in {city}
    the story begins in {month} | it runs for {large} minutes | we saw it at a small cinema in {city} | {name} plays a {job}
    it follows {n} friends and a {job} | the director comes from {city} | it opened {when}`),
  side: scaleOrFright,
};
