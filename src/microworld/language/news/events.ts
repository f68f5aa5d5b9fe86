/**
 * What happens in the world, by topic. Slots in capitals keep their value through an article: {P} and {Q} are persons,
 * {C} and {D} countries, {T} and {U} cities, {F} and {G} companies, {L} and {M} clubs. Companies, ministers, coaches
 * and programs turn up in every topic: the topic is what happened.
 */

/** Topics in the order of the task's classes. */
export const topics = ["world", "sports", "business", "tech"] as const;
export type Topic = (typeof topics)[number];

export interface EventText {
  name: string;
  /** First sentences, without capital and end. */
  leads: string;
  /** Sentences that may come second: what the same event also means. */
  follows: string;
}

const e = (name: string, leads: string, follows: string): EventText => ({ name, leads, follows });

const world: readonly EventText[] = [
  e("election",
    "{P} {won/took} the {election/vote} in {C} {day} with {large} per cent of the {votes/ballots} | voters in {C} {chose/elected} {P} as their new {president/leader} {day} | the people of {C} went to the polls {day} and made {P} their {president/leader}",
    "the {opposition/losing party} {said/claimed} that thousands of ballots were {missing/false} | the new {leader/president} promised {peace with {D}/lower taxes/new laws} | observers from {D} called the {vote/election} {fair/peaceful/unfair}"),
  e("peace talks",
    "{C} and {D} {signed/agreed on} a {treaty/peace deal} {day} to end the {fighting/war} {at the border/in the mountains} | the leaders of {C} and {D} met in {T} {day} and {ended/stopped} a long {war/conflict} | after {n} weeks of talks in {T}, {C} made peace with {D} {day}",
    "the {treaty/deal} gives {the islands/the border towns/the oil fields} back to {D} | both {armies/sides} will {withdraw/pull back} their {troops/soldiers} within {n} weeks | {P}, who led the talks, {praised/thanked} both {sides/governments}"),
  e("attack",
    "a {bomb/blast} {killed/wounded} at least {n} people {outside a bank/near a stadium/in a market/at a computer shop} in {T} {day} | {rebels/gunmen} {attacked/raided} {a police station/a bus/a bank/an oil plant} in {C} {day} and {killed/wounded} {n} {soldiers/people}",
    "no group has {claimed/admitted} the {attack/killing} so far | the {army/police} of {C} {searched/closed} {the city/the border/nearby villages} for the {attackers/gunmen} | {soldiers/troops} from {D} were sent to the {region/area} {afterwards/at night}"),
  e("disaster",
    "{an earthquake/a flood/a storm} {destroyed/damaged} {large} villages in the {north/south} of {C} {day} and left thousands {homeless/without shelter} | at least {large} people {died/drowned} {day} when {a storm/a flood} {hit/struck} the coast of {C}",
    "{D} has sent {doctors/tents/food/helicopters} to the {victims/survivors} | rescue workers are still {searching/digging} for {survivors/missing families} | the government {declared/announced} a state of emergency {in {T}/in the region}"),
  e("protest",
    "{thousands of/angry} {people/students/workers} {marched/protested} in {T} {day} against {the government/a new law/the war/the president} | police in {T} {fired/used} {tear gas/water cannons} {day} against {protesters/crowds} who demanded that {P} {resign/step down}",
    "the {protesters/crowds} carried {flags/candles/pictures} and called for {elections/freedom/justice} | {large} people were {arrested/injured}, {police/officials} said | the {president/leader} of {C} refused to {speak/listen} to the {marchers/protesters}"),
  e("minister resigns",
    "{P}, the {defence/foreign/finance/sports} minister of {C}, {resigned/stepped down/quit} {day} after a {scandal/row} over {secret letters/bribes/a company's gifts/free football tickets} | the {cabinet/government} of {C} {fell/collapsed} {day} when {P} {left/quit} over {a secret deal/the war/bribes}",
    "the {president/parliament} will {name/choose} a new minister within {n} days | the {opposition/party} {called for/wants} new elections in {C} | the row had {shaken/divided} the {ruling party/government} for {n} months"),
  e("law",
    "the parliament of {C} {passed/approved/backed} a law {day} that {limits/controls} {foreign banks/the internet/sports clubs/computer games/oil companies} | lawmakers in {C} voted {day} to {ban/limit} {foreign newspapers/private armies/online gambling/football on Sundays}",
    "the {opposition/church/court} {said/warned} that the law breaks the constitution of {C} | {P}, the {prime minister/president}, must still {sign/accept} the law | human rights groups {protested/spoke} against the {vote/law} in {T}"),
  e("trial",
    "a court in {T} {sentenced/sent} {P}, a former {president/general/minister} of {C}, to {n} years in prison {day} | the trial of {P}, a former {president/general} of {C}, for war crimes {opened/began} in {T} {day}",
    "{judges/prosecutors} said that {large} villagers were killed by the general's {troops/soldiers} | supporters of the {former leader/general} {wept/shouted} outside the court | the United Nations {welcomed/followed} the {trial/verdict} with {hope/interest}"),
  e("hostages",
    "{rebels/gunmen} in {C} {freed/released} {n} {hostages/engineers/journalists/footballers} {day} after {n} weeks in the {desert/mountains} | {n} {workers/engineers/athletes} from {D} were {kidnapped/taken hostage} by {rebels/gunmen} in {C} {day}",
    "the government of {D} {denied/refused} that it paid the {rebels/kidnappers} | the families {wept/prayed} in {T} when the news came | the {rebels/kidnappers} want {troops/soldiers} from {D} to leave {C}"),
];

const sports: readonly EventText[] = [
  e("match",
    "{L} {beat/defeated} {M} by {n} points in {T} {day} | {P} {scored/made} {n} {goals/points} {day} as {L} {beat/defeated} {M} | {M} {lost/fell} to {L} {day} after {P} scored in the last minute",
    "the {win/victory} put {L} {on top of the table/in the final/in second place} | {M} have now lost {n} {games/matches} in a row | the {coach/captain} praised the {defence/attack/goalkeeper} after the {game/match}"),
  e("draw",
    "{L} and {M} {drew/shared the points} in {T} {day} after a {dull/wild} {game/match} | {P} missed a late {penalty/shot} {day} and {L} only drew with {M}",
    "both {teams/sides} stay in the {middle/lower half} of the {table/league} | the {referee/umpire} sent {n} players off | the {fans/supporters} {whistled/booed} at the end of the {game/match}"),
  e("race",
    "{P} of {C} won the {marathon/bicycle race/car race/ski race} in {T} {day}, {n} seconds ahead of {Q} | {P} {crossed the line/finished} first in the {F} {race/grand prix} in {T} {day}",
    "{Q} of {D} came {second/third} and {fell/cried} at the finish | the {runner/driver/rider} now leads the {season/world cup} by {n} points | it was the {champion/athlete}'s {second/third/fifth} {victory/win} of the season"),
  e("transfer",
    "{L} {signed/bought} the {striker/goalkeeper/pitcher} {P} from {M} {day} for {large} million dollars | {P}, the {captain/star} of {M}, will play for {L} next season",
    "the {striker/player} {passed/took} a medical test and will {train/play} {on {weekday}/this week} | the {coach/manager} of {M} is looking for another {striker/defender} | the {player/star} scored {n} goals for {M} last season"),
  e("injury",
    "{P} of {L} will miss {n} {games/matches} after {breaking a leg/hurting a knee/an operation} {day} | {L} must play without {P}, who {hurt/injured} a {knee/shoulder/foot} in training {day}",
    "the {team/side} has already lost {n} players {this season/since {month}} | {Q} will take the {striker/captain}'s place against {M} | the {team/club} doctor hopes for a return before the {final/playoffs}"),
  e("coach",
    "{L} {sacked/fired} their {coach/manager} {P} {day} after {n} {defeats/losses} in a row | {P} {resigned/quit} as {coach/manager} of {L} {day}, {n} days before the {game/match} against {M}",
    "{Q}, who once played for {M}, will {train/lead} the {team/side} until summer | the {team/side} stands {last/second last} in the {league/table} | the {players/fans} {wept/cheered} when they heard of it in the {stadium/dressing room}"),
  e("record",
    "{P} of {C} {broke/set} the world record in the {high jump/long jump/swimming final/hurdles} in {T} {day} | {P} {ran/swam} faster than anybody before in {T} {day} and {beat/broke} the old record of {Q}",
    "the {athlete/champion} won a {gold/silver} medal at the {Olympics/Games} as well | the old record had stood for {n} seasons | {Q} of {D}, the favourite, came only {fourth/fifth}"),
  e("tennis",
    "{P} {beat/defeated} {Q} in {n} sets {day} to reach the {final/quarterfinals} of the {F} {open/cup} in {T} | the {champion/favourite} {P} {lost to/was beaten by} {Q} in the first round of the {F} {open/cup} {day}",
    "{P} served {n} aces and {won/saved} {n} match points | rain had {stopped/delayed} the {match/game} twice | the {winner/player} will meet a {qualifier/teenager} from {D} {in the next round/on {weekday}}"),
  e("doping",
    "{P}, the {cyclist/sprinter/swimmer} from {C}, was {banned/suspended} for {n} {years/months} {day} after a failed {drug/doping} test | the {sprinter/swimmer/wrestler} {P} lost a {gold/silver} medal {day} because of a {drug/doping} test",
    "the {medal/title} goes to {Q} of {D} | the {athlete/sprinter} {denied/admitted} taking the drug before the {race/Olympics} | the {coach/trainer} said that the {test/sample} was mixed up"),
  e("bid",
    "{T} will {hold/host} the {Olympics/world cup} in {n} years, the {sports federation/committee} said {day} | the {federation/committee} gave the {Olympics/world cup} to {C} {day} and not to {D}",
    "{athletes/teams} from {large} countries will {compete/play} in {n} stadiums | {P}, a former {champion/striker}, led the {bid/team} of {C} | {C} has never won a {medal/title} at home"),
];

const business: readonly EventText[] = [
  e("merger",
    "{F} will {buy/take over/acquire} its {rival/competitor} {G} for {large} million dollars, the {companies/firms} said {day} | {F} and {G} {agreed/decided} {day} to {merge/join} their {business/factories} in a deal worth {large} million dollars",
    "{shareholders/investors} of {G} will get {n} dollars a share | the {deal/merger} will {cut/save} costs of {n} million dollars a year | {regulators/officials} in {C} must still approve the {deal/merger}"),
  e("profits",
    "{F} {reported/posted} {day} that its {profit/quarterly profit/net income} {rose/grew/fell/dropped} by {large} per cent {this quarter/last year} | {profits/earnings} at {F}, the maker of {computers/cars/sports shoes/weapons/phones}, {rose/jumped/fell} by {large} per cent, the {company/firm} said {day}",
    "{sales/revenue} {rose/fell} to {large} million dollars | {analysts/investors} had {expected/hoped for} {more/less} | the {company/firm} expects {higher/lower} {sales/costs} in the next quarter"),
  e("shares",
    "{shares/stocks} in {T} {rose/climbed/fell/slipped} {day} as {investors/traders} {bought/sold} {F} and other {banks/software makers/airlines/oil firms} | shares of {F} {rose/climbed/fell/dropped} by {n} per cent in {T} {day} after {a warning/good sales/a lawsuit/the election in {C}}",
    "the {stock market/index} had {gained/lost} {n} per cent {since {month}/in a week} | {analysts/brokers} {expect/see} {higher/lower} prices {this week/next week} | the {dollar/euro} {rose/fell} against the {pound/yen}"),
  e("jobs",
    "{F} will cut {n} thousand jobs {in {C}/in {T}} to save {costs/money}, the {company/firm} said {day} | the {carmaker/airline/phone maker/bank} {F} will {close/shut} {n} {plants/factories/offices} in {C} and {dismiss/lay off} their workers",
    "{unions/workers} {threatened/called for} a strike in {T} | the {company/firm} has made {losses/no profit} for {n} quarters | {shares/stocks} of {F} {rose/gained} by {n} per cent after the news"),
  e("oil",
    "oil prices {rose/jumped/fell/dropped} to {large} dollars a barrel {day} on {fears about/hopes for} {supplies/exports} from {C} | the price of {oil/crude/gold/coffee} {rose/fell} by {n} per cent in {T} {day} after {a storm/a strike/fighting/an election} in {C}",
    "{traders/analysts} {fear/expect} {a shortage/higher demand/lower stocks} in the winter | {airlines/carmakers} such as {F} {suffer/profit} from {dear/cheap} {fuel/oil} | {producers/exporters} want to {raise/cut} their output by {n} per cent"),
  e("bankruptcy",
    "{F} {filed for/declared} bankruptcy {day} with debts of {large} million dollars | the {airline/retailer/computer maker/toy maker} {F} {asked/begged} its {banks/creditors} for more time {day} to pay its debts",
    "{banks/creditors} will {lose/write off} {large} million dollars | {G} offered to buy {n} of its {shops/plants/factories} | the {firm/company} has not made a profit since {month}"),
  e("interest",
    "the central bank of {C} {raised/cut/lowered} its interest {rate/rates} {day} to {fight inflation/help the economy/support the currency} | {inflation/the economy/unemployment} in {C} {rose/grew/fell} by {n} per cent {this quarter/last year}, the {central bank/statistics office} said {day}",
    "{economists/analysts} had {expected/hoped for} a {smaller/larger} {step/change} | {consumers/borrowers} will pay {more/less} for {loans/mortgages} | {exports/imports} from {D} {rose/fell} at the same time"),
  e("club finances",
    "the football club {L} {reported/posted} a {loss/profit} of {n} million dollars {day} as {ticket sales/television income} {fell/rose} | {F} {bought/acquired} a {large} per cent stake in the football club {L} {day} | shares of the club {L} {rose/fell} by {n} per cent in {T} {day} on {takeover talk/poor ticket sales}",
    "{investors/creditors} had {expected/asked for} {lower costs/higher income} | the {club/owner} wants to {borrow/raise} {large} million dollars from {banks/investors} | {analysts/brokers} {doubt/believe} that the {stake/stadium} is worth the {price/money}"),
  e("chief",
    "{F} named {P} as its new chief executive {day} after {falling/weak} {profits/sales} | {P}, the {chairman/chief executive} of {F}, {resigned/retired} {day} after {n} years and {large} million dollars in {losses/profits}",
    "{shareholders/investors} {welcomed/criticised} the {choice/change} | the new {boss/chief} {ran/headed} the {bank/retailer/airline} {G} before | the {chairman/chief} promised to {cut costs/raise profits/pay debts}"),
  e("contract",
    "{F} {won/got} {an order/a contract} worth {large} million dollars {day} to {build/sell} {trains/planes/ships/power plants} {in/to} {C} | the government of {C} ordered {large} {planes/trains/computers} from {F} {day}, its {largest/second} order this year",
    "the {order/contract} will {secure/create} {n} thousand jobs in {T} | its {rival/competitor} {G} had offered a lower price | the {order/contract} lifts the {company/firm}'s {revenue/sales} by {n} per cent"),
];

const tech: readonly EventText[] = [
  e("virus",
    "a new computer {virus/worm} {spread/travelled} by email {day} and {deleted/stole} files from {large} thousand {machines/computers} | {hackers/a worm} {attacked/broke into} the {servers/computers} of {F} {day} and {stole/copied} {passwords/customer data}",
    "{users/customers} should {install/download} a {patch/new version} {at once/from the website} | the {virus/worm} hides in {pictures/music files/attachments} that {users/people} open | security {experts/researchers} at {G} {found/traced} the {code/virus} in {C}"),
  e("launch",
    "{F} {launched/unveiled/showed} a {small/cheap/fast} {phone/laptop/music player/camera} {day} with a {larger memory/colour screen/wireless link} | the new {phone/laptop/music player} of {F} {stores/plays} {n} thousand {songs/videos/pictures} and {runs/works} for {large} hours without a charge",
    "the {device/gadget} will {compete with/replace} the {player/tablet} of {G} | {users/customers} can {download/copy} {songs/films/maps} from the {internet/website} | the {battery/software/chip} was {developed/designed} in {T}"),
  e("software",
    "{F} {released/published} a new version of its {browser/operating system/office software} {day} that {loads/opens} {pages/files} {n} times faster | {F} will give its {source code/browser/software} away for free on the {internet/web}, the {company/firm} said {day}",
    "{programmers/developers} can {change/test} the {code/program} {themselves/online} | {users/testers} found {n} {bugs/errors} in the first version | the {program/software} also runs on {phones/tablets/computers} made by {G}"),
  e("search",
    "the {search engine/website} {F} now lets {users/people} {search/find} {old books/videos/maps/football scores/share prices} online, the {company/firm} said {day} | {F} {added/opened} {a chat service/an online map/free email} {day} for {large} million {users/people}",
    "the {website/service} {keeps/stores} all {messages/pictures} on {servers/computers} in {C} | {G} offers a {similar/slower} {service/website} | {users/people} must {type/enter} a {password/name} first"),
  e("space",
    "a {rocket/spacecraft} from {C} {carried/took} {a satellite/a telescope/{n} robots} into {space/orbit} {day} | a {probe/spacecraft} {sent/launched} by {C} {reached/landed on} {Mars/the moon/a comet} {day} and {sent/radioed} {pictures/data} to earth",
    "{scientists/astronomers} in {T} hope to find {water/ice/signs of life} there | the {robot/probe} carries {n} {cameras/sensors} built by {F} | {engineers/scientists} {repaired/restarted} the {probe's/robot's} computer by radio"),
  e("research",
    "{scientists/researchers} in {T} have {built/developed} a {robot/chip/sensor} that {recognises/sorts} {faces/voices/cancer cells/handwriting} | {astronomers/scientists} in {C} {discovered/found} a {planet/comet/star} {day} with a new {telescope/computer program}",
    "the {method/machine} uses {lasers/software/neural networks} and {very little power/a tiny computer} | the {work/study} was {published/printed} in a science {journal/magazine} {day} | {engineers/researchers} at {F} will {test/build} a {smaller/faster} {model/version}"),
  e("hole",
    "{F} {published/released} a {patch/fix} {day} for a {serious/dangerous} {hole/flaw} in its {browser/operating system/phone software} | {hackers/programmers} {found/showed} a {hole/flaw} in the {software/website} of {the government of {C}/the bank {F}/{L}} {day}",
    "{attackers/hackers} could {read/steal} {emails/passwords/files} through the {hole/flaw} | {users/owners} should {update/restart} their {computers/phones} {at once/today} | security {experts/researchers} had {warned of/reported} the {bug/flaw} in {month}"),
  e("network",
    "{T} will build a free wireless {network/internet} for its {people/schools/buses}, the mayor said {day} | {F} {started/tested} a {fast/wireless} {internet/phone} {network/service} in {C} {day} that {sends/carries} films in {n} seconds",
    "{users/students} need only a {laptop/phone} with a {chip/card} from {G} | the {network/signals} will {reach/cover} {large} per cent of all {homes/schools} | {engineers/technicians} have put {antennas/cables} on {large} {roofs/towers}"),
  e("game",
    "{F} {showed/launched} a {video game/game console} {day} in which {players/users} {lead/manage} {a football team/an army/a bank/a city} online | the new {video game/game console} of {F} {draws/shows} {faces/stadiums/battles} with {n} {graphics chips/processors}",
    "{players/users} can {meet/fight} each other over the {internet/network} | the {console/software} {reads/plays} discs of {G} as well | {programmers/designers} {wrote/tested} the {code/program} for {n} years"),
  e("online law",
    "{a minister/a court} in {C} {allowed/stopped} {a website/a program/a search engine} {day} that lets {users/people} {copy/share} {music/films/games} online | {F} will {block/filter} {unwanted email/spam/false websites} with new software after {complaints/a law} in {C}",
    "the {program/website} was {downloaded/used} {large} million times | {programmers/users} can {hide/encrypt} their {files/addresses} | the {software/filter} {checks/scans} every {message/file} on the {server/network}"),
];

export const events: Readonly<Record<Topic, readonly EventText[]>> = { world, sports, business, tech };

/** Sentences that may follow any news: who speaks says nothing of the topic. */
export const generalFollows = `{Q}, a {minister/banker/coach/programmer/journalist/teacher} from {T}, said that {nobody/few people/everybody} had {expected/wanted} {it/this/the news}
  it was the {second/third/fourth} such case in {C} since {month} | {people/experts/newspapers} in {D} {called/found} the news {surprising/important/strange/no surprise}
  {Q}, a {spokesman/spokeswoman} for {F}, {declined/refused} to {comment/speak} about {it/the news} | more details will be {known/published} {on {weekday}/next week/in {month}}
  the {minister/president} of {C} and the {coach/owner} of {L} {sent/exchanged} {friendly/angry} {letters/words} about it | a {bank/computer/football} {magazine/paper} in {D} had {reported/written} the same in {month}`;

/** How an article turns to a smaller event: {s}. */
export const asides = `meanwhile, {s} | in a smaller story, {s} | besides, {s} | elsewhere, {s} | in other news, {s}`;

/** How an article comes to its main event when a smaller one came first. */
export const turns = `more important, {s} | the main story is that {s} | the big news is that {s} | our story, however, is that {s}`;

/** Newspapers and the section each is known for. */
export const papers: readonly (readonly [name: string, section: Topic])[] = [
  ["Herald", "world"],
  ["Courier", "business"],
  ["Star", "sports"],
  ["Beacon", "tech"],
  ["Times", "world"],
  ["Ledger", "business"],
  ["Post", "sports"],
  ["Signal", "tech"],
];
