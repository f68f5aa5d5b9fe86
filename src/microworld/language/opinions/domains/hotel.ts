import type { Domain } from "../domain";
import { phrases, words } from "../lists";

export const hotel: Domain = {
  name: "hotel",
  items: words("hotel hostel inn resort motel cottage apartment cabin"),
  aspects: phrases(`room | bed | breakfast | view | bathroom | pool | lobby | location | garden | shower | balcony | reception | staff | beach`),
  plurals: words("rooms beds towels windows neighbours curtains stairs pillows"),
  adjectives: {
    positive: words(`clean comfortable quiet spacious friendly peaceful bright cosy modern helpful spotless charming
      tidy relaxing luxurious airy elegant welcoming sunny restful`),
    negative: words(`dirty noisy cramped dark smelly shabby rude damp dusty cold uncomfortable gloomy
      stuffy mouldy filthy rundown stained unfriendly unhelpful grim`),
  },
  nouns: {
    positive: words("haven oasis retreat"),
    negative: words("dump prison hole"),
  },
  participles: words("kept furnished run decorated located heated"),
  implicit: {
    positive: phrases(`I slept like a baby | we booked again for {month} | we stayed {n} extra nights | the children cried when we left
      they upgraded us for free | I woke up to the sound of birds | they remembered our names
      {name} has stayed there {n} times | we never wanted to come home`),
    negative: phrases(`I did not sleep at all | we moved out after one night | there were insects in the {bathroom}
      the lift was broken for {n} days | they lost our booking | I heard every word from the next room
      {name} slept in the car | the water was off until {weekday} | we found {n} mice in the {bathroom}`),
  },
  facts: phrases(`we stayed for {n} nights | it is near the {building} in {city} | we arrived {when} | our room was on the {ordinal} floor
    it has {large} rooms | I was there with my {relative} | breakfast starts at {n}`),
};
