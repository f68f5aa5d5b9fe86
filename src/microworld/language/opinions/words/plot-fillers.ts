/** Who is in the plots of films, and what they do. */
import { phrases, words } from "../lists";

export const plotFrames = phrases(`
  {hero} {finds} {treasure} {place} | {hero} and {rival} {fight} over {treasure} | {hero} {leaves} {city} to {search} {lost}
  {hero} {meets} {rival} {place} and {helps} to {search} {treasure} | {hero} {learns} that {secret} | {hero} must {escape} before {deadline}
  when {rival} {steals} {treasure}, {hero} {follows} the trail to {city} | after the death of {kin}, {hero} {returns} to {city}
  {hero} {marries} {rival} but {secret} | {name}, who {works} {place}, {learns} that {secret}
  {hero} and {kin} {travel} from {city} to {city} in search of {lost} | {hero} {hides} {treasure} {place} until {deadline}
  {hero} {pretends} to be {rival} in order to {escape} | every night, {hero} {dreams} of {lost} | {rival} {kidnaps} the {kin0} of {hero}
  {hero} falls in love with {rival}, who {works} {place} | {n} years later, {hero} {returns} and {meets} {rival} again
  {hero} {works} {place} until {rival} {steals} {treasure} | when {secret}, {hero} {leaves} {city} with {treasure}
  {hero} is sent to prison because {rival} {steals} {treasure} | {hero} {promises} {kin} to {search} {lost}
  as {deadline} draws near, {hero} {learns} that {secret} | {hero} {opens} a {shop} {place} with {kin}
  {n} {jobs} {plan} to rob a {shop} in {city} | {hero} wakes up {place} and cannot remember {lost}
  while {hero} {searches} {lost}, {rival} waits {place} | {name} {bets} {rival} that {secret}`);

/** How films are made: facts that name the parts of a film which opinions are about. */
export const productionFrames = phrases(`
  the {part} was {changed} {n} times before {deadline} | {name} {wrote} the {part} in {city} with {n} {jobs} | the {part} was {wrote} in {city} in {large} days
  the {item} was shot in {n} weeks {place} | I read that the {part} was {wrote} by the {kin0} of {name} | we know that {name} {wrote} the {part} and paid for it
  the {part} of this {item} is by {name} | the {item} runs for {large} minutes and was {changed} in {month} | this {item} follows {n} {jobs} from {city} to {city}
  in this story {topic}, the {part} was {wrote} by {name} | it is a {item} {topic}, and {name} {wrote} the {part} | the {item} opens with {hero}, and the {part} was {wrote} by {name}
  the actors were {jobs} from {city} | the costumes were {changed} by {n} {jobs} | in the {part}, {hero} {finds} {treasure} | the {part} shows that {secret}
  the {part} was {wrote} by {name}, who {works} {place} | it was not {name} who {wrote} the {part} but the {kin0} of {name}`);

/** The story a viewer thinks of while giving an opinion. */
export const plotTopics = phrases(`
  about {hero} | about {hero} and {rival} | with {name} as {hero} | in which {hero} {finds} {treasure} | where {hero} {meets} {rival}
  in which {rival} {steals} {treasure} | set in {city} | about {lost} | in which {hero} {returns} to {city}`);

export const plotFillers: Readonly<Record<string, readonly string[]>> = {
  topic: plotTopics,
  tale: words("story film movie tale"),
  part: phrases("plot | ending | script | dialogue | soundtrack | opening | premise | finale | screenplay | first scene | second half | love story"),
  changed: words("changed cut copied painted drawn sold"),
  wrote: words("recorded planned finished rehearsed"),
  item: words("film movie thriller comedy drama western documentary sequel"),
  hero: phrases(`a {trait} {job} | {name}, a {trait} {job}, | {name} | a {job} from {city} | a {job} called {name} | the {kin0} of a {job} | a {trait} {job} from {city}`),
  rival: phrases(`a {trait} {job} | a rival {job} | the {job} | an old friend | a stranger | a {job} from {city} | a {trait} {kin0}`),
  trait: words(`young old poor rich lonely clever retired bored honest famous shy brave silent tired stubborn cruel gentle
    foreign blind ambitious orphaned homeless`),
  kin0: words("son daughter brother sister father mother cousin widow uncle"),
  kin: phrases("her {kin0} | his {kin0} | the {kin0} | a {trait} {kin0}"),
  treasure: phrases(`a {colour} {object} | a stolen {object} | a {object} full of money | a map of {city} | a letter from {kin} | an old {object}
    the {object} of the {job} | a box of letters | a secret formula | the key to the {building}`),
  object: words("letter ring suitcase diary map crown painting statue violin diamond necklace photograph sword"),
  lost: phrases("the past | a lost {kin0} | the truth | an old love | the murderer | a lost {object} | the road home | a hidden {object}"),
  place: phrases(`in a village near {city} | in the {building} | on a train to {city} | on a ship | in the desert | on a farm | in the mountains
    at the {building} of {city} | in a hotel in {city} | in the woods | on an island | in a circus`),
  finds: words("finds discovers inherits buys receives"),
  fight: words("fight quarrel argue compete"),
  leaves: words("leaves flees deserts"),
  search: phrases("look for | find | search for | forget"),
  searches: phrases("looks for | finds | searches for"),
  meets: phrases("meets | comes across | befriends | recognises"),
  helps: words("agrees decides offers promises"),
  learns: phrases("learns | finds out | discovers | suspects | is told"),
  secret: phrases(`the {job} is still alive | the {object} is a forgery | the {building} will be sold | {rival} is a spy | {name} has a twin | the {job} has lied
    {rival} has {n} children | the money is gone | the war is over | {name} is the heir | {name} took the {object} | the train has left`),
  escape: phrases("escape | win the race | save the farm | pay the debt | cross the border | catch the thief | clear the name of {kin} | warn the {job}"),
  deadline: phrases("the wedding | midnight | the end of the summer | the trial | the first snow | {month} | the eclipse | {weekday}"),
  steals: words("steals takes sells burns hides"),
  follows: words("follows takes"),
  returns: phrases("returns | comes back | goes back"),
  marries: words("marries divorces leaves"),
  works: phrases("works | lives | sings | waits | stays"),
  travel: words("travel drive walk ride"),
  hides: words("hides keeps buries"),
  pretends: words("pretends claims"),
  dreams: words("dreams thinks"),
  kidnaps: words("kidnaps betrays blackmails rescues"),
  promises: words("promises tells asks"),
  opens: words("opens runs inherits"),
  shop: words("bank bakery museum casino theatre jeweller"),
  jobs: words("thieves sailors students widows soldiers farmers brothers sisters"),
  plan: words("plan decide prepare"),
  bets: words("tells bets warns"),
};
