/**
 * Functions of tensors as TensorFlow graphs. Run operation by operation, each one costs tens of microseconds on its way
 * into TensorFlow, and a training step of a small model is a thousand of them. A compiled function is traced once for each
 * set of shapes and then runs as one TensorFlow session: a third to a half of the time on a small model.
 */
import { tf, tidy, type Tensor } from "./backend";
import { loadGraph, runGraph, type LoadedGraph } from "./graph-session";
import { nativeBackend, traceGraph, type NativeBackend } from "./graph-trace";

export type Tensors = Readonly<Record<string, Tensor>>;

export interface CompileOptions {
  /** What the function is called in errors. */
  name: string;
  /** Tensors beside the inputs that the function uses. The values that they have when it is traced become part of the graph. */
  constants?: readonly Tensor[];
  /** Sets of input shapes whose sessions are kept; beyond that, the least recently used one is dropped. Default 8. */
  sessions?: number;
}

export interface Compiled<I extends Tensors, O extends Tensors> {
  /** The function's results, which the caller disposes of. Within a tf.tidy they belong to that. */
  (inputs: I): O;
  /** Makes the graph for these inputs' shapes if there is none yet; tells whether it did. A long computation can pause between that and the first call. */
  prepare(inputs: I): boolean;
  /** Ends all sessions; a later call makes new ones. */
  dispose(): void;
}

interface Session extends LoadedGraph {
  backend: NativeBackend;
  /** The results' names, in the order of `outputs`. */
  names: string[];
}

const DEFAULT_SESSIONS = 8;

/**
 * The same function, run as one graph. Its first call for a set of input shapes takes as long as it takes eagerly and
 * some tenths of a second more. Results agree with the eager ones to rounding (TensorFlow's optimizer merges
 * operations), and are the same bits at every call. In plain JavaScript, which has no graphs, it is `f` itself.
 *
 * @param f gets and returns tensors under names, and makes its results of nothing else: what it reads of JavaScript's
 *   variables is that of the first call. Tensors that it creates of JavaScript values are constants.
 * @throws on a call, if `f` cannot be a graph: it reads a value, draws random numbers, uses a tensor from outside, or an operation
 *   that graphs lack
 */
export function compiled<I extends Tensors, O extends Tensors>(
  f: (inputs: I) => O,
  { name, constants, sessions: most = DEFAULT_SESSIONS }: CompileOptions,
): Compiled<I, O> {
  const sessions = new Map<string, Session>();
  const end = ([key, { backend, id }]: [string, Session]): void => {
    backend.binding.deleteSavedModel(id);
    sessions.delete(key);
  };
  const keyOf = (inputs: I): string =>
    Object.keys(inputs)
      .sort()
      .map((input) => `${input}:${inputs[input].dtype}[${inputs[input].shape.join()}]`)
      .join(" ");
  const sessionFor = (backend: NativeBackend, inputs: I): Session => {
    const key = keyOf(inputs);
    const session = sessions.get(key) ?? openSession(backend, name, f, inputs, constants);
    // A map keeps its order: the first entry is the least recently used.
    sessions.delete(key);
    sessions.set(key, session);
    const [oldest] = sessions;
    if (sessions.size > most) end(oldest);
    return session;
  };
  const call = (inputs: I): O => {
    const backend = nativeBackend();
    if (!backend) return ownResults(f, inputs);
    const session = sessionFor(backend, inputs);
    const results = runGraph(
      backend,
      session,
      Object.keys(inputs)
        .sort()
        .map((input) => inputs[input]),
    );
    return named(session.names, results);
  };
  const prepare = (inputs: I): boolean => {
    const backend = nativeBackend();
    if (!backend || sessions.has(keyOf(inputs))) return false;
    sessionFor(backend, inputs);
    return true;
  };
  return Object.assign(call, { prepare, dispose: () => [...sessions].forEach(end) });
}

/** Tensors under their names, which are those of T. */
const named = <T extends Tensors>(names: readonly string[], tensors: readonly Tensor[]): T =>
  Object.fromEntries(tensors.map((tensor, i) => [names[i], tensor])) as Tensors as T;

/** Runs a function eagerly; a result that is one of its inputs is cloned, as a graph would do. */
function ownResults<I extends Tensors, O extends Tensors>(f: (inputs: I) => O, inputs: I): O {
  return tidy(() => {
    const results = f(inputs);
    return named(
      Object.keys(results),
      Object.values(results).map((tensor) => tf.clone(tensor)),
    );
  });
}

function openSession<I extends Tensors, O extends Tensors>(
  backend: NativeBackend,
  name: string,
  f: (inputs: I) => O,
  inputs: I,
  constants?: readonly Tensor[],
): Session {
  const keys = Object.keys(inputs).sort();
  let names: string[] = [];
  try {
    const run = (standIns: Tensor[]): Tensor[] => {
      const results = f(named(keys, standIns));
      names = Object.keys(results);
      return names.map((result) => results[result]);
    };
    const given = keys.map((key) => inputs[key]);
    return { ...loadGraph(backend, traceGraph(backend, run, given, constants)), names, backend };
  } catch (error) {
    throw new Error(`${name} cannot be compiled: ${error instanceof Error ? error.message : String(error)}`);
  }
}
