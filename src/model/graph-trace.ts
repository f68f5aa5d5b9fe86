/**
 * Notes what a function asks of TensorFlow while it runs once: every operation of tfjs-node's backend passes its native
 * binding's `executeOp`, every constant its `createTensor`. What was noted is a graph.
 */
import { tf, tidy, type Tensor } from "./backend";
import type { AttributeValue, GraphNode } from "./graph-def";

/** What tfjs-node's native binding offers, as far as it is used here. */
export interface NativeBinding {
  createTensor(shape: number[], dtype: number, values: ArrayBufferView): number;
  executeOp(name: string, attributes: NativeAttribute[], inputIds: number[], outputs: number): NativeTensor[];
  tensorDataSync(id: number): ArrayBufferView;
  loadSavedModel(folder: string, tags: string): number;
  runSavedModel(session: number, inputIds: number[], inputs: string, outputs: string): NativeTensor[];
  deleteSavedModel(session: number): void;
  TF_ATTR_STRING: number;
  TF_ATTR_INT: number;
  TF_ATTR_FLOAT: number;
  TF_ATTR_BOOL: number;
  TF_ATTR_TYPE: number;
  TF_ATTR_SHAPE: number;
}

interface NativeAttribute {
  name: string;
  type: number;
  value: never;
}

export interface NativeTensor {
  id: number;
  shape: number[];
  dtype: number;
}

/** tfjs-node's backend, as far as it is used here. */
export interface NativeBackend {
  binding: NativeBinding;
  getDTypeInteger(dtype: string): number;
  getInputTensorIds(tensors: Tensor[]): number[];
  executeSingleInput(name: string, input: Tensor): Tensor;
  createOutputTensor(metadata: NativeTensor): Tensor;
  /** Takes the values of a new tensor; they become a native one when it is first used. */
  write(values: object, shape: number[], dtype: string): object;
}

/** The native backend while it is the active one; plain JavaScript has none. */
export function nativeBackend(): NativeBackend | undefined {
  const backend = tf.backend() as unknown as Partial<NativeBackend>;
  return backend.binding && "runSavedModel" in backend.binding ? (backend as NativeBackend) : undefined;
}

export interface Trace {
  nodes: GraphNode[];
  /** Names of the placeholders, in the order of the inputs. */
  inputs: string[];
  /** Names of the results, in their order. */
  outputs: string[];
}

/** Constants above this many bytes are no constants: they are values that should have been inputs. */
const LARGEST_CONSTANT = 1 << 20;

/**
 * Runs a function once and returns the graph of what it did.
 * @param run gets stand-ins of the inputs, and must make its results of nothing but those, constants, and tensors that it creates
 * @param constants tensors from outside whose present values become part of the graph
 * @throws if something that it does has no place in a graph
 */
export function traceGraph(
  backend: NativeBackend,
  run: (inputs: Tensor[]) => Tensor[],
  inputs: readonly Tensor[],
  constants: readonly Tensor[] = [],
): Trace {
  const native = backend.binding;
  const nodes: GraphNode[] = [];
  /** Name and type of every tensor of the graph, by its native id; ids are never used again. */
  const known = new Map<number, { name: string; dtype: number; constant?: boolean }>();
  const idOf = (tensor: Tensor): number => backend.getInputTensorIds([tensor])[0];
  const nextName = (prefix: string): string => prefix + nodes.length.toString(36);
  /** The values of which tensors were made while tracing. */
  const written = new WeakSet<object>();
  /** The tensor whose values were read, until the next operation tells what for. */
  let readId: number | undefined;

  const noteConstant = (id: number, dtype: number, shape: readonly number[], values: ArrayBufferView): void => {
    if (values.byteLength > LARGEST_CONSTANT)
      throw new Error(
        `a tensor of shape [${shape.join(", ")}] was made of JavaScript values on the way: that large, it must be an input`,
      );
    const content = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
    const name = nextName("c");
    nodes.push({
      name,
      op: "Const",
      inputs: [],
      attributes: { dtype: { kind: "type", value: dtype }, value: { kind: "tensor", dtype, shape, content } },
    });
    known.set(id, { name, dtype, constant: true });
  };

  const refuseRead = (): never => {
    throw new Error(
      "a value was read (dataSync) that depends on the inputs: a graph would keep the value of its first run. Make it an output",
    );
  };

  const recording: Partial<NativeBinding> = {
    createTensor(shape, dtype, values) {
      if (!written.has(values))
        throw new Error(`a tensor of shape [${shape.join(", ")}] comes from outside: make it an input, or a constant`);
      const id = native.createTensor(shape, dtype, values);
      noteConstant(id, dtype, shape, values);
      return id;
    },
    executeOp(op, attributes, ids, count) {
      if (attributes.some(({ name }) => name === "seed"))
        throw new Error(
          `${op} draws random numbers, and a graph would draw the same ones every time: make them an input`,
        );
      // GatherV2 reads its indices to check that none is too large; TensorFlow checks that again in the graph.
      if (readId !== undefined && !(op === "GatherV2" && ids[1] === readId)) refuseRead();
      readId = undefined;
      const sources = ids.map((id) => known.get(id));
      if (sources.includes(undefined))
        throw new Error(`${op} uses a tensor from outside: make it an input, or a constant`);
      const made = native.executeOp(op, attributes, ids, count);
      const name = nextName("n");
      const dtypes = sources.map((source) => source!.dtype);
      nodes.push({
        name,
        op,
        inputs: sources.map((source) => source!.name),
        attributes: op === "ExpandDims" ? expandDimsAttributes(dtypes) : graphAttributes(native, attributes),
      });
      made.forEach(({ id, dtype }, i) => known.set(id, { name: i === 0 ? name : `${name}:${i}`, dtype }));
      return made;
    },
    tensorDataSync(id) {
      if (known.get(id)?.constant !== true) {
        if (readId !== undefined) refuseRead();
        readId = id;
      }
      return native.tensorDataSync(id);
    },
  };
  for (const name of ["loadSavedModel", "runSavedModel"] as const)
    recording[name] = () => {
      throw new Error("a compiled function cannot be called within another");
    };

  return tidy(() => {
    // Each stand-in has its own id, even where one tensor is given as two inputs.
    const standIns = inputs.map((input) => backend.executeSingleInput("Identity", input));
    const inputNames = standIns.map((standIn) => {
      const [name, dtype] = [nextName("i"), backend.getDTypeInteger(standIn.dtype)];
      nodes.push({
        name,
        op: "Placeholder",
        inputs: [],
        attributes: { dtype: { kind: "type", value: dtype }, shape: { kind: "shape", value: standIn.shape } },
      });
      known.set(idOf(standIn), { name, dtype });
      return name;
    });
    for (const constant of constants) {
      const id = idOf(constant);
      noteConstant(id, backend.getDTypeInteger(constant.dtype), constant.shape, native.tensorDataSync(id));
    }
    // A copy of the binding with other functions: a Proxy cannot replace it, because its properties are not configurable.
    const copy = Object.fromEntries(
      Object.getOwnPropertyNames(native).map((name) => [name, native[name as keyof NativeBinding]]),
    );
    backend.binding = { ...copy, ...recording } as NativeBinding;
    const write = backend.write;
    backend.write = (values, ...rest) => {
      written.add(values);
      return write.call(backend, values, ...rest);
    };
    try {
      const results = run(standIns);
      // An input cannot be fed and fetched at once, so each result has its own node.
      const outputs = results.map((result) => {
        const source = known.get(idOf(result));
        if (!source) throw new Error("a result comes from outside: make it an input, or a constant");
        const name = nextName("o");
        nodes.push({
          name,
          op: "Identity",
          inputs: [source.name],
          attributes: { T: { kind: "type", value: source.dtype } },
        });
        return name;
      });
      if (readId !== undefined) refuseRead();
      return { nodes, inputs: inputNames, outputs };
    } finally {
      backend.binding = native;
      backend.write = write;
    }
  });
}

/** tfjs-node leaves these out, and the eager runtime infers them; a graph needs them written. */
const expandDimsAttributes = ([tensor, axis]: number[]): GraphNode["attributes"] => ({
  T: { kind: "type", value: tensor },
  Tdim: { kind: "type", value: axis },
});

function graphAttributes(native: NativeBinding, attributes: NativeAttribute[]): GraphNode["attributes"] {
  const kinds = new Map<number, AttributeValue["kind"]>([
    [native.TF_ATTR_STRING, "string"],
    [native.TF_ATTR_INT, "int"],
    [native.TF_ATTR_FLOAT, "float"],
    [native.TF_ATTR_BOOL, "bool"],
    [native.TF_ATTR_TYPE, "type"],
    [native.TF_ATTR_SHAPE, "shape"],
  ]);
  return Object.fromEntries(
    attributes.map(({ name, type, value }) => {
      const kind = kinds.get(type);
      if (kind === undefined) throw new Error(`attribute ${name} is of a kind that cannot be written into a graph`);
      return [name, { kind, value } as AttributeValue];
    }),
  );
}
