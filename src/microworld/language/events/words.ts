/**
 * The typed words of events. A concept has synonyms ("doctor", "physician"), may have a more general concept
 * ("animal" for "dog") and belongs to a group whose members exclude each other.
 *
 * Notation: concepts are parted by "|", synonyms by blanks, "_" is a blank within a word, ":" parts the plural.
 */
import { cities as cityNames, months as monthNames, people as peopleNames, weekdays as weekdayNames } from "../lexicon";

export interface Word {
  one: string;
  many: string;
}

export interface Concept {
  name: string;
  group: string;
  /** Synonyms, common to rare. */
  words: readonly Word[];
  general?: Concept;
}

const spaced = (text: string): string => text.replace(/_/g, " ");

function plural(noun: string): string {
  if (/(s|x|ch|sh)$/.test(noun)) return `${noun}es`;
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return `${noun}s`;
}

function concept(group: string, spec: string, general?: Concept): Concept {
  const words = spec.trim().split(/\s+/).map((word) => {
    const [one, many] = spaced(word).split(":");
    return { one, many: many ?? plural(one) };
  });
  return { name: words[0].one, group, words, general };
}

const concepts = (group: string, specs: string, general?: Concept): Concept[] =>
  specs.trim().split("|").map((spec) => concept(group, spec, general));

const person = concept("person", "person:people individual");
const adult = concept("person", "adult grown-up", person);
const child = concept("person", "child:children youngster", person);
const animal = concept("animal", "animal creature");
const bird = concept("animal", "bird", animal);
const relative = concept("person", "relative family_member", person);

/** Everything a noun can mean, by group. Within a group concepts exclude each other. */
export const nouns = {
  folk: [
    ...concepts("folk", "man:men gentleman:gentlemen | woman:women lady", adult),
    ...concepts("folk", "boy lad | girl schoolgirl | baby infant", child),
  ],
  job: concepts(
    "job",
    `doctor physician | teacher instructor | farmer | lawyer attorney | cook chef | baker | pilot | actor performer
     | painter artist | carpenter joiner | gardener | soldier | singer vocalist | waiter | tailor | hunter | fisherman:fishermen
     | writer author | policeman:policemen police_officer | shopkeeper shop_owner | nurse | sailor seaman:seamen`,
    person,
  ),
  relative: concepts(
    "relative",
    "brother | sister | mother mum | father dad | uncle | aunt | cousin | grandmother granny | grandfather grandpa | niece | nephew",
    relative,
  ),
  animal: concepts(
    "animal",
    "dog hound | cat | horse | goat | cow | sheep:sheep | donkey | rabbit | pig | fox | pony | camel",
    animal,
  ),
  bird: concepts("animal", "duck | hen chicken | goose:geese | owl | parrot | swan", bird),
  fruit: concepts("food", "apple | pear | plum | orange | banana | cherry | melon | peach", concept("food", "piece_of_fruit:pieces_of_fruit")),
  vegetable: concepts("food", "carrot | onion | potato:potatoes | cabbage | cucumber | pumpkin", concept("food", "vegetable")),
  dish: concepts("food", "soup broth | cake gateau | pie | omelette | stew | pancake | sandwich", concept("food", "dish meal")),
  vehicle: concepts("vehicle", "car automobile | bicycle bike | lorry truck | van | bus coach | motorbike motorcycle | tractor", concept("vehicle", "vehicle")),
  instrument: concepts("instrument", "guitar | piano | violin fiddle | drum | flute | trumpet", concept("instrument", "instrument musical_instrument")),
  furniture: concepts("furniture", "chair seat | table | sofa couch | bed | shelf:shelves | cupboard closet | lamp", concept("furniture", "piece_of_furniture:pieces_of_furniture")),
  toy: concepts("toy", "ball | kite | doll puppet | balloon | frisbee", concept("toy", "toy plaything")),
  paper: concepts("paper", "letter | map | newspaper | book volume | poem | postcard | diary journal", concept("paper", "piece_of_writing:pieces_of_writing")),
  gift: concepts("gift", "ring | watch | camera | clock | necklace | mirror looking_glass | bag handbag | box chest", concept("gift", "thing object item")),
  building: concepts("building", "house home | barn | bridge | tower | cottage | wall | shed hut | chapel", concept("building", "building structure")),
  garment: concepts("garment", "coat overcoat | hat cap | shirt | scarf shawl | jacket | dress gown | jumper sweater", concept("garment", "garment piece_of_clothing:pieces_of_clothing")),
  // News.
  firm: concepts(
    "firm",
    "bank lender | airline carrier | brewery | newspaper daily | shipyard | railway | insurer insurance_company | retailer chain_store | oil_company oil_firm | carmaker car_manufacturer | software_company software_maker | phone_company phone_operator",
    concept("firm", "company firm business"),
  ),
  council: concepts("council", "parliament | council town_council | senate | committee panel | commission | cabinet", concept("council", "body authority")),
  leader: concepts("leader", "president | minister | mayor | king monarch | prime_minister premier | governor | ambassador envoy", concept("leader", "politician leader")),
  worker: concepts("worker", "miner | driver | engineer | clerk | cleaner | salesman:salesmen | mechanic", concept("worker", "worker employee")),
  suspect: concepts("suspect", "thief:thieves burglar | smuggler | protester demonstrator | spy | hacker | robber", concept("suspect", "suspect")),
  guard: concepts("guard", "policeman:policemen police_officer | soldier | detective investigator | border_guard", concept("guard", "official officer")),
  disaster: concepts("disaster", "storm gale | flood | fire blaze | earthquake | landslide | explosion blast", concept("disaster", "disaster catastrophe")),
  victim: concepts("victim", "tourist holidaymaker | fisherman:fishermen | passenger traveller | climber mountaineer | villager | student", person),
  outlet: concepts("outlet", "shop store | factory plant | office | school | hospital clinic | hotel | museum | power_station", concept("outlet", "site facility")),
  trip: concepts("trip", "flight | match game | concert | meeting conference | exhibition show | train_service", concept("trip", "event")),
  price: concepts("price", "price | fare | rent | wage salary | tax | fee | interest_rate", concept("price", "charge cost")),
  bill: concepts("bill", "plan scheme | budget | law bill | treaty pact | merger | reform | contract", concept("bill", "proposal")),
  find: concepts("find", "planet | virus | fossil | wreck | gold_mine | tomb grave | manuscript"),
  expert: concepts("expert", "scientist researcher | astronomer | geologist | historian | diver", concept("expert", "expert specialist")),
  document: concepts("document", "report study | survey poll | letter | photograph picture | recording tape", concept("document", "document")),
  team: concepts("team", "tigers:tigers | rovers:rovers | eagles:eagles | lions:lions | sharks:sharks | wolves:wolves", concept("team", "team side")),
  // Where one goes.
  goal: concepts(
    "goal",
    "station railway_station | market | school | church | hospital | harbour port | museum | library | airport | theatre playhouse | beach seaside | village",
  ),
} as const satisfies Record<string, readonly Concept[]>;

export type NounGroup = keyof typeof nouns;

export const maleNames: ReadonlySet<string> = new Set(
  "Ben David Felix Henry Jack Leo Oscar Quentin Simon Ulrich Walter Yusuf Amir Carlos Erik Hugo Jonas".split(" "),
);
/** Persons of one name each. */
export const names: readonly Concept[] = peopleNames.map((name) => ({
  name,
  group: "name",
  words: [{ one: name, many: name }],
  general: person,
}));

export const maleNouns: ReadonlySet<string> = new Set("man boy brother father uncle grandfather nephew king".split(" "));
export const femaleNouns: ReadonlySet<string> = new Set("woman girl sister mother aunt grandmother niece".split(" "));

const phrase = (group: string, specs: string, general?: Concept): Concept[] => concepts(group, specs, general);
const inWinter = concept("season", "in_winter in_the_cold_season");
const inSpring = concept("season", "in_spring");
const inSummer = concept("season", "in_summer in_the_warm_season");
const inAutumn = concept("season", "in_autumn in_the_autumn");
const seasonOf = [inWinter, inWinter, inSpring, inSpring, inSpring, inSummer, inSummer, inSummer, inAutumn, inAutumn, inAutumn, inWinter];
const outdoors = concept("side", "outdoors in_the_open_air outside");
const indoors = concept("side", "indoors inside_a_building inside");
const weekend = concept("day", "at_the_weekend");
const weekday = concept("day", "on_a_working_day on_a_weekday");

/** Adverbial phrases, by the slot of the event they fill. */
export const adverbials = {
  spot: [
    ...phrase(
      "spot",
      `in_the_park | near_the_river by_the_river | on_the_beach | in_the_garden | in_the_street on_the_road | in_the_field in_the_meadow
       | by_the_lake | in_the_forest in_the_woods | on_the_bridge | in_the_market_square`,
      outdoors,
    ),
    ...phrase(
      "spot",
      `in_the_kitchen | in_the_library | in_the_cellar in_the_basement | in_the_living_room | in_the_attic under_the_roof
       | in_the_waiting_room | in_the_workshop | in_the_corridor in_the_hallway`,
      indoors,
    ),
  ],
  city: cityNames.map((city) => concept("city", `in_${city}`)),
  day: weekdayNames.map((day) => concept("day", `on_${day}`, day.startsWith("S") ? weekend : weekday)),
  month: monthNames.map((month, i) => concept("month", `in_${month}`, seasonOf[i])),
  part: phrase("part", "in_the_morning before_noon | in_the_afternoon after_lunch | in_the_evening | at_night | at_noon at_midday | at_midnight | at_dawn at_sunrise"),
  hurry: phrase("hurry", "quickly rapidly | slowly unhurriedly"),
  noise: phrase("noise", "quietly silently | loudly noisily"),
  care: phrase("care", "carefully cautiously | carelessly recklessly"),
  purpose: phrase("purpose", "by_accident accidentally | on_purpose deliberately"),
  company: phrase("company", "alone without_company | with_a_friend together_with_a_friend"),
  cause: phrase(
    "cause",
    "because_of_the_rain owing_to_the_rain | because_of_the_heat | because_of_a_mistake owing_to_an_error | because_of_the_cost for_reasons_of_cost | because_of_a_strike | for_safety_reasons | out_of_curiosity | because_of_a_bet",
  ),
  cheerful: phrase(
    "occasion",
    `at_the_wedding at_the_marriage | at_the_birthday_party | during_the_holidays on_holiday | at_the_feast at_the_banquet
     | at_the_festival at_the_carnival | after_the_victory after_the_triumph | at_the_picnic | during_the_celebration | on_the_day_of_the_prize`,
  ),
  gloomy: phrase(
    "occasion",
    `at_the_funeral at_the_burial | after_the_accident after_the_crash | after_the_robbery | during_the_flood
     | after_the_defeat after_the_loss | during_the_war | in_the_middle_of_the_storm | after_the_bad_news | during_the_epidemic`,
  ),
  undecided: phrase(
    "occasion",
    `before_the_vote before_the_election | ahead_of_the_talks ahead_of_the_negotiations | during_the_rehearsal | before_the_exam
     | during_the_experiment during_the_test | before_the_verdict | ahead_of_the_draw | during_the_debate | as_a_trial`,
  ),
} as const satisfies Record<string, readonly Concept[]>;

export type Mood = "cheerful" | "gloomy" | "undecided";
export const moods: readonly Mood[] = ["cheerful", "gloomy", "undecided"];

/** Adjectives, by group. */
export const adjectives = {
  colour: phrase("colour", "red crimson | blue | green | yellow | black | white | brown | grey | orange | purple violet | pink"),
  size: phrase("size", "big large huge | small little tiny"),
  age: phrase("age", "old ancient aged | new brand-new"),
  stature: phrase("stature", "tall | short"),
  years: phrase("years", "young youthful | old elderly"),
  cheerful: phrase("temper", "happy glad | smiling beaming | cheerful merry | joyful"),
  gloomy: phrase("temper", "sad unhappy | gloomy | mournful sorrowful | tearful"),
  undecided: phrase("temper", "doubtful unsure | hesitant | puzzled | curious"),
} as const satisfies Record<string, readonly Concept[]>;

/** By how much prices change. */
export const amounts: readonly Concept[] = "two three five eight ten twelve fifteen twenty thirty forty".split(" ").map((n) => concept("amount", `by_${n}_percent`));

export interface VerbForm {
  base: string;
  past: string;
  done: string;
  doing: string;
  /** What stands behind the verb: " up", " to". */
  tail: string;
}

export interface Verb {
  name: string;
  forms: readonly VerbForm[];
  general?: Verb;
  /** Verbs whose act excludes this one. */
  opposites: readonly string[];
  /** Letters of the kinds of text it occurs in: p picture, e everyday, n news. */
  tags: string;
  agents: readonly (NounGroup | "name")[];
  objects: readonly (NounGroup | "name")[];
  /** The object is counted in news: "forty workers". */
  counted: boolean;
  /** Takes "by five percent". */
  amount: boolean;
  passive: boolean;
}

const irregular: Readonly<Record<string, string>> = {
  give: "gave given giving", feed: "fed fed feeding", eat: "ate eaten eating", buy: "bought bought buying", sell: "sold sold selling",
  find: "found found finding", lose: "lost lost losing", steal: "stole stolen stealing", take: "took taken taking", get: "got got getting",
  build: "built built building", tear: "tore torn tearing", write: "wrote written writing", draw: "drew drawn drawing", hide: "hid hidden hiding",
  break: "broke broken breaking", throw: "threw thrown throwing", catch: "caught caught catching", drive: "drove driven driving", ride: "rode ridden riding",
  read: "read read reading", send: "sent sent sending", go: "went gone going", come: "came come coming", run: "ran run running", sleep: "slept slept sleeping",
  nap: "napped napped napping", sing: "sang sung singing", swim: "swam swum swimming", sit: "sat sat sitting", stand: "stood stood standing",
  weep: "wept wept weeping", leave: "left left leaving", hug: "hugged hugged hugging", ring: "rang rung ringing", teach: "taught taught teaching",
  chop: "chopped chopped chopping", cut: "cut cut cutting", hurt: "hurt hurt hurting", shut: "shut shut shutting", set: "set set setting",
  beat: "beat beaten beating", put: "put put putting", bring: "brought brought bringing", hold: "held held holding", meet: "met met meeting",
  win: "won won winning", jog: "jogged jogged jogging", dig: "dug dug digging", hop: "hopped hopped hopping", speak: "spoke spoken speaking",
  grab: "grabbed grabbed grabbing", lay: "laid laid laying", withhold: "withheld withheld withholding", lie: "lay lain lying",
  scrub: "scrubbed scrubbed scrubbing", fall: "fell fallen falling", mail: "mailed mailed mailing",
  cancel: "cancelled cancelled cancelling", travel: "travelled travelled travelling", chat: "chatted chatted chatting",
  make: "made made making", peel: "peeled peeled peeling", wear: "wore worn wearing", rip: "ripped ripped ripping", drag: "dragged dragged dragging", pay: "paid paid paying", choose: "chose chosen choosing", 
  keep: "kept kept keeping", have: "had had having", stop: "stopped stopped stopping", scold: "scolded scolded scolding", say: "said said saying",
};

function verbForm(spec: string): VerbForm {
  const [base, ...rest] = spec.split("_");
  const tail = rest.length > 0 ? ` ${rest.join(" ")}` : "";
  const known = irregular[base];
  if (known !== undefined) {
    const [past, done, doing] = known.split(" ");
    return { base, past, done, doing, tail };
  }
  const past = base.endsWith("e") ? `${base}d` : /[^aeiou]y$/.test(base) ? `${base.slice(0, -1)}ied` : `${base}ed`;
  const doing = /[^eo]e$/.test(base) ? `${base.slice(0, -1)}ing` : `${base}ing`;
  return { base, past, done: past, doing, tail };
}

/** name and synonyms ; general or - ; opposites or - ; tags ; agents ; objects ; marks (c counted, a amount, x no passive) */
const verbTable = `
tend look_after care_for ; - ; - ; pe ; folk job ; animal bird ;
feed give_food_to ; tend ; wash chase ; pe ; folk job ; animal bird ;
brush groom ; tend ; feed chase ; pe ; folk job ; animal ;
wash clean scrub ; - ; feed paint chase push ; pe ; folk job ; animal vehicle ;
chase run_after ; - ; feed wash brush photograph ; pe ; folk animal ; animal bird ;
photograph take_a_picture_of ; - ; chase paint feed ; pe ; folk job ; animal bird building ;
watch look_at observe ; - ; ignore ; pe ; folk job name ; animal bird building ;
ignore pay_no_attention_to ; - ; watch ; e ; name job ; animal bird ;
carry transport ; - ; hide throw eat ; pe ; folk job ; furniture toy instrument fruit ;
push shove ; - ; pull wash ; pe ; folk job ; vehicle furniture ;
pull drag ; - ; push ; pe ; folk job ; vehicle furniture ;
paint colour ; - ; repair wash ; pe ; folk job ; furniture building vehicle ;
repair fix mend ; - ; break paint ; pe ; folk job name ; vehicle furniture instrument ;
break smash wreck ; - ; repair ; e ; folk job name ; furniture instrument toy ;
eat consume ; - ; throw cook carry ; pe ; folk job name ; fruit vegetable dish ;
devour wolf_down ; eat ; throw cook ; pe ; folk animal ; fruit dish ;
cook prepare ; - ; eat ; pe ; folk job name ; vegetable dish ;
peel pare ; - ; eat throw ; pe ; folk job ; fruit ;
throw hurl toss ; - ; catch eat ; pe ; folk ; toy fruit ;
catch grab ; - ; throw ; pe ; folk ; toy ;
play perform_on ; - ; repair carry ; pe ; folk job name ; instrument ; 
read study ; - ; write tear_up ; pe ; folk job name ; paper ;
write compose ; - ; read tear_up ; pe ; folk job name ; paper ;
tear_up rip_up ; - ; read write ; pe ; folk name ; paper ;
hug embrace ; - ; scold ; pe ; folk ; folk ;
scold tell_off ; - ; hug praise ; pe ; folk job name ; folk name ;
greet welcome ; - ; ignore ; pe ; folk job name ; folk job name ;
follow trail ; - ; - ; pe ; folk job ; folk job ;
teach instruct ; - ; - ; pe ; job ; folk ;
help assist ; - ; hinder ; e ; name job relative ; name job ;
hinder get_in_the_way_of ; - ; help ; e ; name job ; name job ;
call phone ring ; - ; visit ; e ; name job relative ; name job ;
visit call_on ; - ; call ; e ; name job relative ; name job ;
thank express_gratitude_to ; - ; blame ; e ; name job relative ; name job ;
praise commend ; - ; blame scold criticise ; e ; name job ; name job ;
blame reproach ; - ; praise thank ; e ; name job ; name job ;
buy purchase ; obtain ; sell ; e ; name job relative ; furniture instrument vehicle gift animal garment ;
sell part_with ; - ; buy keep obtain ; e ; name job relative ; furniture instrument vehicle gift animal ;
obtain get acquire ; - ; sell lose ; e ; name job relative ; furniture instrument gift animal ;
find discover ; - ; lose ; e ; name job relative ; gift animal garment paper ;
lose mislay ; - ; find keep ; e ; name job relative ; gift garment paper ;
keep hold_on_to ; - ; lose sell ; e ; name job relative ; gift garment paper ;
take remove ; - ; bring_back ; e ; name job ; gift garment furniture ;
steal make_off_with ; take ; bring_back ; e ; name job ; gift garment animal ;
borrow have_the_loan_of ; take ; bring_back ; e ; name job relative ; gift garment vehicle ;
bring_back return ; - ; take steal borrow ; e ; name job relative ; gift garment vehicle ;
hide conceal ; - ; show ; e ; name job relative ; gift paper garment ;
show display ; - ; hide ; e ; name job relative ; gift paper garment ;
build construct ; - ; tear_down ; e ; name job relative ; building ;
tear_down demolish ; - ; build ; e ; name job ; building ;
send post ; - ; receive ; e ; name job relative ; paper gift ;
receive ; - ; send ; e ; name job relative ; paper gift ; x
sleep nap ; rest ; dance run sing ; pe ; folk job animal ; ;
rest relax ; - ; dance run work ; pe ; folk job animal ; ;
run sprint ; move ; sit sleep stand ; pe ; folk job animal ; ;
jump leap hop ; move ; sit sleep ; pe ; folk animal ; ;
walk stroll ; move ; sit sleep run ; pe ; folk job ; ;
move move_about ; - ; sit sleep rest ; p ; folk job animal ; ;
dance perform_a_dance ; move ; sit sleep stand ; pe ; folk job ; ;
sing perform_a_song ; - ; sleep cry ; pe ; folk job name ; ;
sit perch ; - ; run dance stand jump ; p ; folk job ; ;
stand ; - ; sit run sleep ; p ; folk job ; ;
swim have_a_swim ; move ; sit sleep dance ; pe ; folk animal ; ;
laugh giggle ; - ; cry ; pe ; folk job name ; ;
cry weep ; - ; laugh sing ; pe ; folk name ; ;
shout yell ; speak ; whisper sleep ; pe ; folk job name ; ;
whisper murmur ; speak ; shout ; pe ; folk job name ; ;
speak talk ; - ; sleep ; pe ; folk job name ; ;
work labour ; - ; rest sleep ; pe ; folk job name ; ;
dig shovel ; work ; rest sleep ; p ; folk job ; ;
wait linger ; - ; leave ; pe ; folk job name ; ;
leave depart ; - ; wait arrive ; e ; name job relative ; ;
arrive turn_up ; - ; leave ; e ; name job relative ; ;
go_to travel_to head_for ; - ; return_from ; e ; name job relative ; goal ; x
walk_to stroll_to ; go_to ; return_from drive_to ; e ; name job relative ; goal ; x
drive_to go_by_car_to ; go_to ; return_from walk_to ; e ; name job relative ; goal ; x
rush_to hurry_to ; go_to ; return_from ; e ; name job relative ; goal ; x
return_from come_back_from ; - ; go_to walk_to drive_to rush_to ; e ; name job relative ; goal ; x
buy_up take_over acquire ; - ; sell_off ; n ; firm ; outlet firm ;
sell_off dispose_of ; - ; buy_up ; n ; firm ; outlet firm ;
hire employ recruit ; - ; dismiss ; n ; firm ; worker expert ; c
dismiss lay_off sack ; - ; hire ; n ; firm ; worker expert ; c
launch open inaugurate ; - ; shut_down ; n ; firm council leader ; outlet ; c
shut_down close ; - ; launch ; n ; firm council ; outlet ; c
put_up build construct ; - ; pull_down ; n ; firm council ; building outlet ; c
pull_down demolish ; - ; put_up ; n ; firm council ; building outlet ; c
arrest detain ; - ; release ; n ; guard ; suspect ; c
release free ; - ; arrest ; n ; guard ; suspect ; c
defeat beat ; - ; lose_to ; n ; team ; team ; 
lose_to go_down_to ; - ; defeat ; n ; team ; team ; x
sue take_legal_action_against ; - ; - ; n ; firm council ; firm ;
criticise attack ; - ; commend ; n ; leader council ; leader firm ;
commend praise ; - ; criticise ; n ; leader council ; leader firm ;
support back ; - ; oppose ; n ; leader council ; leader bill ;
oppose object_to ; - ; support ; n ; leader council ; leader bill ;
damage harm ; - ; spare ; n ; disaster ; building outlet ; c
destroy ruin ; damage ; spare ; n ; disaster ; building outlet ; c
spare leave_untouched ; - ; destroy damage ; n ; disaster ; building outlet ; cx
injure hurt ; - ; - ; n ; disaster ; victim worker ; c
rescue save ; - ; - ; n ; guard ; victim ; c
cancel call_off ; - ; confirm ; n ; firm council ; trip ; c
confirm approve_of ; - ; cancel ; n ; firm council ; trip ; c
delay postpone put_off ; - ; bring_forward ; n ; firm council ; trip ; c
bring_forward advance ; - ; delay ; n ; firm council ; trip ; c
raise increase ; - ; cut ; n ; firm council ; price ; a
cut lower reduce ; - ; raise ; n ; firm council ; price ; a
uncover discover find ; - ; - ; n ; expert ; find ; c
examine investigate ; - ; ignore ; n ; expert council ; find document ;
approve accept ; - ; reject ; n ; council leader ; bill ;
reject turn_down ; - ; approve ; n ; council leader ; bill ;
publish make_public ; - ; withhold ; n ; firm council leader expert ; document ;
withhold keep_secret ; - ; publish ; n ; firm council leader ; document ; x
fine impose_a_penalty_on ; - ; - ; n ; council ; firm ;
appoint choose ; - ; dismiss ; n ; council leader firm ; expert leader ;
`;

function parseVerbs(): ReadonlyMap<string, Verb> {
  const rows = verbTable.trim().split("\n").map((line) => line.split(";").map((cell) => cell.trim()));
  const list = (cell: string): string[] => (cell === "-" || cell === "" ? [] : cell.split(/\s+/));
  const known = new Set<string>([...Object.keys(nouns), "name"]);
  const verbs = new Map<string, Verb>();
  for (const [synonyms, , opposites, tags, agents, objects, marks] of rows) {
    const groups = [list(agents), list(objects)].map((cells) => cells.filter((cell) => known.has(cell)) as (NounGroup | "name")[]);
    if (list(objects).length > 0 && groups[1].length === 0) continue;
    const specs = list(synonyms);
    verbs.set(specs[0], {
      name: specs[0],
      forms: specs.map(verbForm),
      opposites: list(opposites),
      tags,
      agents: groups[0],
      objects: groups[1],
      counted: marks.includes("c"),
      amount: marks.includes("a"),
      passive: groups[1].length > 0 && !marks.includes("x"),
    });
  }
  for (const [synonyms, general] of rows) {
    const verb = verbs.get(list(synonyms)[0]);
    if (verb !== undefined && general !== "-") verb.general = verbs.get(general);
  }
  return verbs;
}

export const verbs: ReadonlyMap<string, Verb> = parseVerbs();

/** A is B or a kind of B. */
export function isKindOf(a: Concept, b: Concept): boolean {
  for (let c: Concept | undefined = a; c !== undefined; c = c.general) if (c === b) return true;
  return false;
}
