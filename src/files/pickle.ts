/**
 * A reader for a small part of Python's pickle format, enough for tensors: numbers, strings, tuples, lists, dicts, and
 * the few globals that the caller allows by name. Nothing is imported or run; any other opcode, global or persistent id
 * is refused by name. It is a stack machine without recursion: time and memory grow with the pickle's length only.
 */
import { utf8 } from "./file-bytes";

/** What a pickle holds. Tuples and lists are arrays (tuples frozen), dicts are Maps, objects are what the caller made. */
export type PickleValue = null | boolean | number | bigint | string | object;

/** Takes the arguments as one list: a pickle may hold more of them than a call can take. */
export type PickleFunction = (values: readonly PickleValue[]) => PickleValue;

export interface PickleRules {
  /** What a global stands for, or undefined to refuse it. The pickle can call a {@link PickleFunction}. */
  global: (module: string, name: string) => PickleValue | undefined;
  /** What a persistent id stands for. */
  persistent: (id: PickleValue) => PickleValue;
  /** Whether an object is taken without the attributes that the pickle sets on it. Default: none is. */
  ignoresState?: (value: PickleValue) => boolean;
}

/** A thousand tensors take about 100 kB. */
export const MAX_PICKLE_BYTES = 1 << 20;

/** The opcodes that are not read with their names, for messages. */
const REFUSED = new Map(
  (
    "0 POP,1 POP_MARK,2 DUP,F FLOAT,I INT,L LONG,P PERSID,S STRING,T BINSTRING,U SHORT_BINSTRING,V UNICODE,B BINBYTES," +
    "C SHORT_BINBYTES,d DICT,g GET,i INST,l LIST,o OBJ,p PUT,\x81 NEWOBJ,\x82 EXT1,\x83 EXT2,\x84 EXT4,\x8b LONG4," +
    "\x8d BINUNICODE8,\x8e BINBYTES8,\x8f EMPTY_SET,\x90 ADDITEMS,\x91 FROZENSET,\x92 NEWOBJ_EX,\x96 BYTEARRAY8," +
    "\x97 NEXT_BUFFER,\x98 READONLY_BUFFER"
  )
    .split(",")
    .map((row) => row.split(" ") as [opcode: string, name: string]),
);

/** Reads a pickle of protocol 2 to 5, as {@link readPickleStart}. */
export function readPickle(bytes: Uint8Array, rules: PickleRules): PickleValue {
  if (bytes.length > MAX_PICKLE_BYTES)
    throw new Error(`its pickle has ${bytes.length} bytes (at most ${MAX_PICKLE_BYTES} are allowed)`);
  return readPickleStart(bytes, rules).value;
}

/**
 * Reads the pickle that bytes begin with, and tells how many bytes it takes.
 *
 * @throws with the opcode, global or byte at fault; the caller adds the file
 */
export function readPickleStart(bytes: Uint8Array, rules: PickleRules): { value: PickleValue; length: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: PickleValue[] = [];
  const marks: number[] = [];
  const memo = new Map<number, PickleValue>();
  let [at, opcodeAt] = [0, 0];

  const fail = (problem: string): never => {
    throw new Error(`its pickle is not valid at byte ${opcodeAt}: ${problem}`);
  };
  /** Moves on by `length` bytes and returns where they begin. */
  const take = (length: number): number => {
    if (at + length > bytes.length) fail("it ends early");
    at += length;
    return at - length;
  };
  const byte = (): number => bytes[take(1)];
  const word = (): number => view.getUint32(take(4), true);
  const text = (length: number): string => {
    const from = take(length);
    return utf8(bytes.subarray(from, from + length)) ?? fail("a text is not UTF-8");
  };
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) fail("it ends early");
    const value = text(end - at);
    at++;
    return value;
  };
  const push = (value: PickleValue): void => void stack.push(value);
  const pop = (): PickleValue => {
    if (stack.length <= (marks.at(-1) ?? 0)) fail("it takes a value that is not there");
    return stack.pop()!;
  };
  const top = (): PickleValue => {
    const value = pop();
    push(value);
    return value;
  };
  const sinceMark = (): PickleValue[] => stack.splice(marks.pop() ?? fail("it takes a mark that is not there"));
  const tuple = (values: PickleValue[]): void => push(Object.freeze(values));
  const tupleOf = (count: number): void => {
    const values: PickleValue[] = [];
    for (let i = 0; i < count; i++) values.unshift(pop());
    tuple(values);
  };
  const append = (values: PickleValue[]): void => {
    const list = top();
    if (!Array.isArray(list) || Object.isFrozen(list)) return fail("it appends to something that is not a list");
    for (const value of values) list.push(value);
  };
  const set = (items: PickleValue[]): void => {
    const dict = top();
    if (!(dict instanceof Map) || items.length % 2 !== 0) return fail("it sets items of something that is not a dict");
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  };
  const recall = (index: number): void =>
    push(memo.has(index) ? memo.get(index)! : fail(`it recalls entry ${index}, which it never kept`));
  const global = (module: string, name: string): void => {
    const value = rules.global(module, name);
    if (value === undefined)
      throw new Error(
        `its pickle asks for ${printable(`${module}.${name}`)}, which is not allowed: only tensors are read, and nothing in a pickle is run`,
      );
    push(value);
  };
  const integer = (length: number): PickleValue => {
    const from = take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i]);
    value = BigInt.asIntN(8 * length, value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  };

  const operations: Record<string, () => void> = {
    "\x80": () => {
      const protocol = byte();
      if (protocol < 2 || protocol > 5) fail(`protocol ${protocol} is not supported (2 to 5 are)`);
    },
    "\x95": () => void take(8), // FRAME
    N: () => push(null),
    "\x88": () => push(true),
    "\x89": () => push(false),
    J: () => push(view.getInt32(take(4), true)), // BININT
    K: () => push(byte()), // BININT1
    M: () => push(view.getUint16(take(2), true)), // BININT2
    "\x8a": () => push(integer(byte())), // LONG1
    G: () => push(view.getFloat64(take(8), false)), // BINFLOAT
    X: () => push(text(word())), // BINUNICODE
    "\x8c": () => push(text(byte())), // SHORT_BINUNICODE
    "(": () => void marks.push(stack.length),
    ")": () => tuple([]),
    t: () => tuple(sinceMark()),
    "\x85": () => tupleOf(1),
    "\x86": () => tupleOf(2),
    "\x87": () => tupleOf(3),
    "]": () => push([]),
    a: () => append([pop()]),
    e: () => append(sinceMark()),
    "}": () => push(new Map()),
    s: () => {
      const value = pop();
      set([pop(), value]);
    },
    u: () => set(sinceMark()),
    q: () => void memo.set(byte(), top()), // BINPUT
    r: () => void memo.set(word(), top()), // LONG_BINPUT
    "\x94": () => void memo.set(memo.size, top()), // MEMOIZE
    h: () => recall(byte()), // BINGET
    j: () => recall(word()), // LONG_BINGET
    c: () => global(line(), line()), // GLOBAL
    // STACK_GLOBAL
    "\x93": () => {
      const [name, module] = [pop(), pop()];
      if (typeof name !== "string" || typeof module !== "string") return fail("the name of a global is not a text");
      global(module, name);
    },
    Q: () => push(rules.persistent(pop())), // BINPERSID
    // REDUCE
    R: () => {
      const [values, called] = [pop(), pop()];
      if (typeof called !== "function" || !Array.isArray(values))
        return fail("it calls something that cannot be called");
      push((called as PickleFunction)(values));
    },
    // BUILD
    b: () => {
      pop();
      if (rules.ignoresState?.(top()) !== true) fail("opcode BUILD (0x62) is not allowed: only tensors are read");
    },
  };

  for (;;) {
    opcodeAt = at;
    const opcode = String.fromCharCode(byte());
    if (opcode === ".") {
      const value = pop();
      if (marks.length > 0 || stack.length > 0) fail("it ends with values left over");
      return { value, length: at };
    }
    const code = `0x${opcode.charCodeAt(0).toString(16).padStart(2, "0")}`;
    const refused = REFUSED.get(opcode);
    if (refused !== undefined) fail(`opcode ${refused} (${code}) is not allowed: only tensors are read`);
    (operations[opcode] ?? fail(`there is no opcode ${code}`))();
  }
}

/** A name from the file, short and without control characters. */
function printable(name: string): string {
  const clean = name.replace(/[^\x20-\x7e]/g, "?");
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean;
}
