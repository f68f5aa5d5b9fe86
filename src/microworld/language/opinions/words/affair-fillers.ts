/** World affairs: things that are good or bad, what is done to them, and what is held of plans. Common to rare. */
import { phrases, words } from "../lists";

export const affairFillers: Readonly<Record<string, readonly string[]>> = {
  good: words(`peace freedom growth justice hope progress stability trust safety unity prosperity aid democracy education equality harmony cooperation security`),
  bad: words(`war poverty violence corruption hunger fear crime suffering pollution terror disease unemployment oppression torture hatred debt injustice famine`),
  plan: words(`plan law decision treaty proposal policy report agreement speech vote election visit budget tax minister president
    government court army council party embargo deal summit`),
  region: phrases("the region | the country | the people | the nation | the world | the citizens | the workers | the farmers | the refugees | the capital"),
  country: words("Norway Spain Egypt Peru Kenya India Japan Greece Cuba Poland Chile Turkey"),
  supports: words("supports welcomes praises backs endorses defends applauds celebrates admires favours"),
  supported: words("supported welcomed praised backed endorsed defended applauded celebrated admired favoured"),
  support: words("support welcome praise back endorse defend applaud celebrate admire favour"),
  condemns: words("condemns rejects criticises opposes denounces regrets fears attacks deplores mocks"),
  condemned: words("condemned rejected criticised opposed denounced regretted feared attacked deplored mocked"),
  condemn: words("condemn reject criticise oppose denounce regret fear attack deplore mock"),
  reduced: words("reduced ended stopped prevented limited lessened fought halted removed weakened"),
  reduce: words("reduce end stop prevent limit lessen fight halt remove weaken"),
  increased: words("increased spread brought caused strengthened created prolonged promoted fed deepened"),
  increase: words("increase spread bring cause strengthen create prolong promote feed deepen"),
  firmly: words("strongly firmly openly deeply clearly publicly loudly fully quietly repeatedly"),
  much: phrases("a great deal of | a lot of | much | plenty of | a large amount of | growing | widespread | strong | new | real"),
  backing: words("support praise approval respect sympathy admiration gratitude confidence applause encouragement"),
  blame: words("criticism anger opposition contempt outrage blame mistrust disapproval resentment scorn"),
  lack: phrases("lack of | loss of | absence of | end of | decline of | no sign of | less | no | too little"),
  fair: words("fair wise just honest generous peaceful sensible responsible noble historic brave reasonable hopeful"),
  unjust: words("unjust foolish cruel dishonest reckless brutal senseless irresponsible shameful illegal cowardly unfair hopeless"),
  hopes: phrases("hopes for | longs for | believes in | works for | stands for"),
  hoped: phrases("hoped for | longed for | believed in | worked for | stood for"),
  fears: phrases("fears for | despairs of | worries about | gives up on | turns against"),
  feared: phrases("feared for | despaired of | worried about | gave up on | turned against"),
};

/** Who speaks or acts. */
export const actors = phrases(`the minister | the president | the government | the mayor of {city} | officials in {country} | the leader of {country}
  the ambassador of {country} | the union | the opposition | the newspaper | the bishop | the general | many citizens | the committee`);

export const reactions = {
  positive: phrases(`this was {adj} news for {region} | {region} cheered | the news was {adj} and {adj} | people were {feeling} and {feeling}
    newspapers called it {adj} and {adj} | most people found that {adj} | the mood was {adj} | it gave new hope to {region}
    a {just} and {just} step, said {name} | {name} was {feeling} | the crowd applauded`),
  negative: phrases(`this was {adj} news for {region} | {region} protested | the news was {adj} and {adj} | people were {feeling} and {feeling}
    newspapers called it {adj} and {adj} | most people found that {adj} | the mood was {adj} | it took all hope from {region}
    a {just} and {just} step, said {name} | {name} was {feeling} | the crowd booed`),
} as const;
