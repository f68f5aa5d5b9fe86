/**
 * A reader for a small part of Python's pickle format, enough for tensors: numbers, strings, tuples, lists, dicts, and
 * the few globals that the caller allows by name. Nothing is imported or run; any other opcode, global or persistent id
 * is refused by name. It is a stack machine without recursion: time and memory grow with the pickle's length only.
 */

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

/** The name of each opcode that is not read, for messages. */
const REFUSED: Record<string, string> = {
  "0": "POP",
  "1": "POP_MARK",
  "2": "DUP",
  F: "FLOAT",
  I: "INT",
  L: "LONG",
  P: "PERSID",
  S: "STRING",
  T: "BINSTRING",
  U: "SHORT_BINSTRING",
  V: "UNICODE",
  B: "BINBYTES",
  C: "SHORT_BINBYTES",
  d: "DICT",
  g: "GET",
  i: "INST",
  l: "LIST",
  o: "OBJ",
  p: "PUT",
  "\x81": "NEWOBJ",
  "\x82": "EXT1",
  "\x83": "EXT2",
  "\x84": "EXT4",
  "\x8b": "LONG4",
  "\x8d": "BINUNICODE8",
  "\x8e": "BINBYTES8",
  "\x8f": "EMPTY_SET",
  "\x90": "ADDITEMS",
  "\x91": "FROZENSET",
  "\x92": "NEWOBJ_EX",
  "\x96": "BYTEARRAY8",
  "\x97": "NEXT_BUFFER",
  "\x98": "READONLY_BUFFER",
};

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
  const text = (length: number): string => {
    const from = take(length);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(from, from + length));
    } catch {
      return fail("a text is not UTF-8");
    }
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

  for (;;) {
    opcodeAt = at;
    const opcode = String.fromCharCode(bytes[take(1)]);
    switch (opcode) {
      case "\x80": {
        // PROTO
        const protocol = bytes[take(1)];
        if (protocol < 2 || protocol > 5) fail(`protocol ${protocol} is not supported (2 to 5 are)`);
        break;
      }
      case "\x95":
        take(8);
        break; // FRAME
      case "N":
        push(null);
        break;
      case "\x88":
        push(true);
        break;
      case "\x89":
        push(false);
        break;
      case "J":
        push(view.getInt32(take(4), true));
        break; // BININT
      case "K":
        push(bytes[take(1)]);
        break; // BININT1
      case "M":
        push(view.getUint16(take(2), true));
        break; // BININT2
      case "\x8a":
        push(integer(bytes[take(1)]));
        break; // LONG1
      case "G":
        push(view.getFloat64(take(8), false));
        break; // BINFLOAT
      case "X":
        push(text(view.getUint32(take(4), true)));
        break; // BINUNICODE
      case "\x8c":
        push(text(bytes[take(1)]));
        break; // SHORT_BINUNICODE
      case "(":
        marks.push(stack.length);
        break;
      case ")":
        tuple([]);
        break;
      case "t":
        tuple(sinceMark());
        break;
      case "\x85":
        tupleOf(1);
        break;
      case "\x86":
        tupleOf(2);
        break;
      case "\x87":
        tupleOf(3);
        break;
      case "]":
        push([]);
        break;
      case "a":
        append([pop()]);
        break;
      case "e":
        append(sinceMark());
        break;
      case "}":
        push(new Map());
        break;
      case "s": {
        const value = pop();
        set([pop(), value]);
        break;
      }
      case "u":
        set(sinceMark());
        break;
      case "q":
        memo.set(bytes[take(1)], top());
        break; // BINPUT
      case "r":
        memo.set(view.getUint32(take(4), true), top());
        break; // LONG_BINPUT
      case "\x94":
        memo.set(memo.size, top());
        break; // MEMOIZE
      case "h":
        recall(bytes[take(1)]);
        break; // BINGET
      case "j":
        recall(view.getUint32(take(4), true));
        break; // LONG_BINGET
      case "c": {
        // GLOBAL
        const module = line();
        global(module, line());
        break;
      }
      case "\x93": {
        // STACK_GLOBAL
        const [name, module] = [pop(), pop()];
        if (typeof name !== "string" || typeof module !== "string") return fail("the name of a global is not a text");
        global(module, name);
        break;
      }
      case "Q":
        push(rules.persistent(pop()));
        break; // BINPERSID
      case "R": {
        // REDUCE
        const [values, called] = [pop(), pop()];
        if (typeof called !== "function" || !Array.isArray(values))
          return fail("it calls something that cannot be called");
        push((called as PickleFunction)(values));
        break;
      }
      case "b": {
        // BUILD
        pop();
        if (rules.ignoresState?.(top()) === true) break;
        return fail("opcode BUILD (0x62) is not allowed: only tensors are read");
      }
      case ".": {
        // STOP
        const value = pop();
        if (marks.length > 0 || stack.length > 0) fail("it ends with values left over");
        return { value, length: at };
      }
      default: {
        const code = `0x${opcode.charCodeAt(0).toString(16).padStart(2, "0")}`;
        fail(
          Object.hasOwn(REFUSED, opcode)
            ? `opcode ${REFUSED[opcode]} (${code}) is not allowed: only tensors are read`
            : `there is no opcode ${code}`,
        );
      }
    }
  }
}

/** A name from the file, short and without control characters. */
function printable(name: string): string {
  const clean = name.replace(/[^\x20-\x7e]/g, "?");
  return clean.length > 80 ? `${clean.slice(0, 80)}…` : clean;
}
