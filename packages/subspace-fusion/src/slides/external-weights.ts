import type { Source } from '../files/source.js';

/** A message of the ONNX schema as far as it leads to tensors: the number of a field, and what is in it (onnx.proto, IR version 10). */
interface Message {
  readonly [field: number]: () => Message;
}
/** `key` and `value` of an entry are texts. */
const ENTRY: Message = {};
const TENSOR: Message = { 13: () => ENTRY };
const SPARSE: Message = { 1: () => TENSOR, 2: () => TENSOR };
const ATTRIBUTE: Message = {
  ...{ 5: () => TENSOR, 10: () => TENSOR, 22: () => SPARSE, 23: () => SPARSE },
  ...{ 6: () => GRAPH, 11: () => GRAPH },
};
const NODE: Message = { 5: () => ATTRIBUTE };
const GRAPH: Message = { 1: () => NODE, 5: () => TENSOR, 15: () => SPARSE };
const FUNCTION: Message = { 7: () => NODE, 11: () => ATTRIBUTE };
const TRAINING: Message = { 1: () => GRAPH, 2: () => GRAPH };
const MODEL: Message = { 7: () => GRAPH, 20: () => TRAINING, 25: () => FUNCTION };

/** Wire types of protobuf. */
const VARINT = 0,
  EIGHT_BYTES = 1,
  BYTES = 2,
  FOUR_BYTES = 5;

/** Graphs within graphs: more than any exporter writes. */
const DEEPEST = 50;
/** Longest path, and bytes that are read at a time: a model's weights are stepped over. */
const LONGEST_PATH = 4096;
const WINDOW = 64 << 10;

/**
 * Names of the files beside an ONNX model that hold its tensors, as the model has them (`location` of its external data), each once, in
 * alphabetical order. The model is walked through, not loaded.
 * @throws RangeError for a file that is no protobuf, or not whole.
 */
export async function externalWeights(model: Source): Promise<string[]> {
  const { byteAt, textAt } = windowOn(model);
  const names = new Set<string>();

  async function varint(at: number, end: number): Promise<{ value: number; next: number }> {
    let value = 0;
    for (let i = 0; i < 10 && at + i < end; i++) {
      const byte = await byteAt(at + i);
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return { value, next: at + i + 1 };
    }
    throw new RangeError(`no number at byte ${at}`);
  }

  async function walk(message: Message, from: number, end: number, depth: number): Promise<void> {
    if (depth > DEEPEST) throw new RangeError(`messages within messages at byte ${from}`);
    let key = '';
    let value: string | undefined;
    for (let at = from; at < end;) {
      const tag = await varint(at, end);
      const [field, type] = [Math.floor(tag.value / 8), tag.value % 8];
      if (type === VARINT) at = (await varint(tag.next, end)).next;
      else if (type === EIGHT_BYTES) at = tag.next + 8;
      else if (type === FOUR_BYTES) at = tag.next + 4;
      else if (type === BYTES) {
        const length = await varint(tag.next, end);
        at = length.next + length.value;
        if (at > end) throw new RangeError(`byte ${at} of ${end}`);
        if (message === ENTRY && field === 1) key = await textAt(length.next, length.value);
        else if (message === ENTRY && field === 2) value = await textAt(length.next, length.value);
        else if (Object.hasOwn(message, field)) await walk(message[field](), length.next, at, depth + 1);
      } else throw new RangeError(`a field of type ${type} at byte ${at}`);
      if (at > end) throw new RangeError(`byte ${at} of ${end}`);
    }
    if (key === 'location' && value !== undefined) names.add(value);
  }

  await walk(MODEL, 0, model.size, 0);
  return [...names].sort();
}

/** Single bytes and short texts of a source, which is read a window at a time. */
function windowOn(source: Source) {
  let start = 0;
  let bytes: Uint8Array = new Uint8Array();
  const moveTo = async (at: number) => {
    if (at >= start && at < start + bytes.length) return;
    [start, bytes] = [at, await source.read(at, WINDOW)];
    if (bytes.length === 0) throw new RangeError(`byte ${at} of ${source.size}`);
  };
  return {
    byteAt: async (at: number): Promise<number> => {
      await moveTo(at);
      return bytes[at - start];
    },
    textAt: async (at: number, length: number): Promise<string> => {
      if (length > LONGEST_PATH) throw new RangeError(`a text of ${length} bytes at byte ${at}`);
      return new TextDecoder().decode(await source.read(at, length));
    },
  };
}
