/**
 * A TensorFlow graph as the bytes of a SavedModel without variables: as much of protobuf's wire format as that needs.
 * Field numbers are those of tensorflow/core/framework/graph.proto, node_def.proto, attr_value.proto, tensor.proto and
 * tensorflow/core/protobuf/saved_model.proto.
 */

/** An attribute's value; `type` is TensorFlow's name of the kind. */
export type AttributeValue =
  | { kind: "string"; value: string | string[] }
  | { kind: "int"; value: number | number[] }
  | { kind: "float"; value: number | number[] }
  | { kind: "bool"; value: boolean | boolean[] }
  | { kind: "type"; value: number | number[] }
  | { kind: "shape"; value: readonly number[] }
  | { kind: "tensor"; dtype: number; shape: readonly number[]; content: Uint8Array };

export interface GraphNode {
  name: string;
  op: string;
  /** Names of nodes, with ":1" and so on for an output that is not the first. */
  inputs: readonly string[];
  attributes: Readonly<Record<string, AttributeValue>>;
}

/** The tag under which the graph lies in its SavedModel. */
export const GRAPH_TAG = "serve";

/** The producer version of TensorFlow 1.15 and later graphs: with it operations mean what they mean today. */
const PRODUCER = 1000;

/** The bytes of saved_model.pb. */
export function savedModel(nodes: readonly GraphNode[]): Buffer {
  const graph = Buffer.concat([...nodes.map((node) => field(1, nodeDef(node))), field(4, whole(1, PRODUCER))]);
  const metaGraph = Buffer.concat([field(1, field(4, GRAPH_TAG)), field(2, graph)]);
  return Buffer.concat([whole(1, 1), field(2, metaGraph)]);
}

const nodeDef = ({ name, op, inputs, attributes }: GraphNode): Buffer =>
  Buffer.concat([
    field(1, name),
    field(2, op),
    ...inputs.map((input) => field(3, input)),
    ...Object.entries(attributes).map(([key, value]) =>
      field(5, Buffer.concat([field(1, key), field(2, attrValue(value))])),
    ),
  ]);

function attrValue(attribute: AttributeValue): Buffer {
  if (attribute.kind === "shape") return field(7, shape(attribute.value));
  if (attribute.kind === "tensor")
    return field(
      8,
      Buffer.concat([whole(1, attribute.dtype), field(2, shape(attribute.shape)), field(4, attribute.content)]),
    );
  const { value } = attribute;
  const one = (single: string | number | boolean): Buffer => {
    switch (attribute.kind) {
      case "string":
        return field(2, single as string);
      case "int":
        return whole(3, single as number);
      case "float":
        return float(4, single as number);
      case "bool":
        return whole(5, single ? 1 : 0);
      case "type":
        return whole(6, single as number);
    }
  };
  // A list's entries have the numbers that single values have.
  return Array.isArray(value) ? field(1, Buffer.concat(value.map(one))) : one(value);
}

const shape = (sizes: readonly number[]): Buffer => Buffer.concat(sizes.map((size) => field(2, whole(1, size))));

/** A variable-length integer: seven bits a byte, the lowest first; negative ones in two's complement of 64 bits. */
function varint(n: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

const tag = (number: number, wireType: number): Buffer => varint(number * 8 + wireType);

const whole = (number: number, value: number): Buffer => Buffer.concat([tag(number, 0), varint(value)]);

function field(number: number, content: string | Uint8Array): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([tag(number, 2), varint(bytes.length), bytes]);
}

function float(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([tag(number, 5), bytes]);
}
