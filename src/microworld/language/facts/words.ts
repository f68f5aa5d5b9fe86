/** Names, values and synonyms of the encyclopaedia. Lists run from common to rare. */
import { cities, largeNumbers, people, smallNumbers } from "../lexicon";
import { phrases, words } from "./phrasing";

export const surnames = words(`Stone Moss Hill Reed Fisher Marsh Lindt Novak Weaver Brook Kovacs Hart Lowe Bianchi Falk
  Ortega Vance Sato Grimm Dahl Ferris Okoro Pike Quist Rowan Salim Thorn Ulm Voss Winter`);
export const towns = words(`Halden Marwick Brenta Oldport Savona Kesten Norwood Ashby Tarno Ellum Corvo Millbury Zelig
  Fernhill Lundy Orsk Pellworm Redcliff Stavern Wexley`);
export const countries = words(`Norland Averia Costa Belmark Sudan Ruritania Finland Peru Kenya Chile Nepal Portugal
  Iceland Estania Morland`);
export const riverNames = words("Tamber Isen Orva Lenne Cald Mirra Drove Ulla Sarn Weld Yarrow Aller Nidd");
export const seas = phrases("the North Sea | the Black Sea | the Red Sea | the Great Lake | the Silver Gulf | the Inner Sea | the Long Bay | the Western Ocean");
export const mountains = phrases("the Blue Hills | the Grey Mountains | the Alps | the Iron Range | the Moon Hills | the Andes | the Bear Peaks | the Cold Heights");

/** Words that fill slots of the same name. */
export const factLists: Readonly<Record<string, readonly string[]>> = {
  person: ["{first} {surname}"],
  first: people,
  surname: surnames,
  place: [...cities.slice(0, 12), ...towns],
  town: towns,
  city: cities,
  country: countries,
  riverName: riverNames,
  sea: seas,
  mountains,
  small: smallNumbers,
  large: largeNumbers,
  year: words("1890 1905 1850 1921 1932 1874 1948 1960 1812 1899 1917 1955 1971 1830 1866 1983 1790 1744 1996 2004 1688 1590"),
  instrument: words("violin piano flute drum trumpet guitar harp cello"),
  language: words("French German Spanish Latin Greek Arabic Danish Polish Hindi Dutch"),
  pet: phrases("a parrot | a cat | a tortoise | a monkey | a white mouse | a raven | a goat | a small dog"),
  prize: phrases("the Gold Pen | the Silver Star | the Peace Prize | the Royal Medal | the Blue Ribbon | the Science Prize"),
  material: words("stone wood brick glass steel marble iron concrete clay copper"),
  stuff: words("steel wood rubber glass leather paper plastic brass wool cotton"),
  colour: words("red white blue green grey brown black yellow purple orange silver"),
  fame: phrases(`a {map/book/theory/painting} of the {sea/stars/mind/desert/moon} | work on {light/heat/sound/sleep/electricity}
    a {long/lonely/famous} {walk/journey} across the {desert/ice/mountains} | {songs/poems/stories} about {love/war/children/the sea}
    a cure for {fever/coughs/back pain} | the {discovery/study} of {bees/old bones/a small planet/a lost city}`),
  trouble: phrases(`a storm | a fever | a fall from a horse | a fire | an old wound | a snake bite | a weak heart | bad water | a car accident`),
  reason: phrases(`the {old/first/great} {king/queen/bishop} {loved/wanted/feared} {it/war/silence} | a {flood/fire/earthquake} destroyed the {old/first} one
    {people/farmers/travellers/sailors} needed {help/shelter/water/food} there | the {ground/air/water} there is {warm/salty/full of iron}
    a {saint/soldier/poet} {slept/died/prayed} there | the {trade/market} in {salt/silk/wool/silver} grew`),
  purpose: phrases(`{storing/keeping/drying} {grain/wine/books/weapons/salt} | {teaching/training/housing} {children/soldiers/nurses/orphans}
    {watching/guiding/counting} {ships/stars/birds/travellers} | {treating/feeding} {the sick/the poor} | {showing/selling} {pictures/old coins/furniture}
    {holding/hearing} {concerts/trials/weddings}`),
  use: phrases(`{cutting/drying/cleaning/joining} {wood/hay/wool/cloth/metal} | {measuring/counting} {time/rain/heat/steps}
    {moving/lifting/cooling} {water/food/heavy stones/air} | {treating/easing} {pain/fever/coughs/burns} | {making/colouring} {paper/soap/glass/cloth}
    {sending/copying} {letters/pictures/messages} | {seeing/hearing} {things far away/very small things} | {lighting/heating} {rooms/streets/ships}`),
  way: phrases(`{a spring/a magnet/hot steam/compressed air/a small motor} {turns/pushes/pulls} {a wheel/a needle/a belt/a lever}
    {two mirrors/two lenses/a thin wire} {bend/collect/carry} {light/heat/sound} | {water/sand/oil} {runs/drips} through {a pipe/a narrow hole/a filter}`),
  habit: phrases(`it {sleeps/hides/feeds/swims} {at night/in winter/under stones/in large groups} | it {sheds/loses} its {skin/hair/teeth} {every year/in spring}
    it {sings/drums/jumps/digs} to {find a partner/warn the young/keep warm/scare enemies}`),
  food: words("fish grass insects leaves seeds mice worms berries roots nuts honey frogs"),
  habitat: phrases("the desert | the forests of {country} | the mountains of {country} | {sea} | the swamps of {country} | the islands near {country} | the plains of {country}"),
  product: words("cheese bicycles shoes tea clocks soap pianos engines toys lamps carpets tractors pencils beer pottery umbrellas"),
  event: phrases("the lantern festival | the harvest fair | the boat race | the spring carnival | the wool market | the night of candles | the book fair"),
  symbol: phrases("a lion | a bear | an eagle | a fish | a rose | a swan | a wolf | a key | an oak | a wheel"),
  mark: phrases("poverty | {bitter/sweet/clear/black} water | place of {bears/stones/winds/apples} | {old/new/cold/white} {bridge/ford/harbour/hill} | end of the road"),
  sense: phrases(`a {kind/sort} of {wind/bread/song/knot/dance/tax} | the fear of {heights/water/spiders/crowds} | the {study/love} of {birds/rocks/old coins/words}
    a {person/man/woman} who {repairs clocks/sells fish/tells lies/keeps bees} | a {feeling/state} of {deep calm/sudden joy/hunger}`),
  sign: phrases("a red skin | a high fever | a dry cough | swollen hands | a stiff neck | weak legs | yellow eyes"),
  source: phrases("dirty water | the bite of a {fly/rat/tick} | a lack of {salt/sunlight/fruit} | {bad/spoiled} {meat/milk/rice} | {damp/smoky} air | a tiny worm"),
  theme: phrases("a {lonely/young/blind/rich} {sailor/widow/teacher/thief} who {loses/finds/seeks} {a ring/a home/a brother/the truth} | the {rise/fall} of a {family/kingdom/small town} | a {war/friendship/marriage} between two {families/villages/brothers}"),
  aim: phrases(`{protects/counts/studies} {forests/whales/old buildings/rivers} | {trains/helps/pays} {doctors/farmers/pilots/refugees}
    {sets/checks} {prices/rules/weights} for {banks/ships/schools/airlines}`),
  found: words("founded established started created"),
  built: words("built constructed erected"),
  what: words("what which"),
  ask: phrases("tell me | name | please name | give"),
  person1: words("person man woman"),
  town1: words("town city place"),
  founders: phrases("the founder | the creator"),
};
