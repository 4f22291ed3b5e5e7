import type { InputError } from './errors.js';
import { printable, utf8 } from './text.js';

/** Text of a pickle, as its UTF-8 bytes: a long one may be a whole matrix. */
export interface PickledText {
  readonly kind: 'text';
  readonly utf8: Uint8Array;
}

/** The name of a function or class. Nothing of that name is ever looked up. */
interface PickledName {
  readonly kind: 'name';
  readonly name: string;
}

export interface PickledList {
  readonly kind: 'list' | 'tuple';
  readonly items: unknown[];
}

export interface PickledDict {
  readonly kind: 'dict';
  readonly entries: Map<string, unknown>;
}

/** What the instructions mean that make objects; all of them throw for what is not allowed. */
export interface PickleMeaning {
  /** Whether a function or class may be named at all. */
  allows(name: string): boolean;
  /** REDUCE: the value that a function of this name gives for these arguments. */
  call(name: string, args: readonly unknown[]): unknown;
  /** BUILD: gives an object its state. */
  build(object: unknown, state: unknown): void;
  /** BINPERSID: what a reference to something outside the pickle stands for. */
  persistent(id: unknown): unknown;
}

/** A tensor takes about fifty instructions. */
const MAX_INSTRUCTIONS = 100_000;
const MAX_NAME = 200;

export const isText = (value: unknown): value is PickledText => isKind(value, 'text');
export const isTuple = (value: unknown): value is PickledList => isKind(value, 'tuple');

/** Whether a value is an object that the interpreter, or a {@link PickleMeaning}, made of this kind. */
export function isKind(value: unknown, kind: string): boolean {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === kind;
}

/** A short text; undefined for anything else. */
export function shortText(value: unknown): string | undefined {
  return isText(value) && value.utf8.length <= MAX_NAME ? utf8(value.utf8) : undefined;
}

/**
 * Reads a pickle without running anything: a machine for the few instructions that plain data need, in which functions are but
 * names that `meaning` knows or not. Every loop is over the bytes of the pickle, each of which is read once, and no value is
 * copied, so time and memory stay below what the file's length bounds.
 * @throws what `refuse` makes, for an instruction or a name that is not known, and for a pickle that is damaged.
 */
export function readPickle(
  bytes: Uint8Array,
  meaning: PickleMeaning,
  refuse: (message: string) => InputError,
): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let stack: unknown[] = [];
  const marked: unknown[][] = [];
  const memo = new Map<number, unknown>();

  const take = (length: number): number => {
    const start = at;
    at += length;
    if (at > bytes.length) throw refuse('its pickle is cut short');
    return start;
  };
  const take1 = () => bytes[take(1)];
  const take4 = () => view.getUint32(take(4), true);
  const takeBytes = (length: number): Uint8Array => {
    const start = take(length);
    return bytes.subarray(start, at);
  };
  const takeText = (length: number): PickledText => ({ kind: 'text', utf8: takeBytes(length) });
  const takeLine = (): string => {
    const end = bytes.subarray(at, at + MAX_NAME).indexOf(0x0a);
    if (end < 0) throw refuse('its pickle has a name without an end');
    const line = utf8(takeBytes(end));
    at++;
    return line;
  };

  const pop = (): unknown => {
    if (stack.length === 0) throw refuse('its pickle is damaged: a value is missing');
    return stack.pop();
  };
  const popMany = (count: number): unknown[] => Array.from({ length: count }, pop).reverse();
  const popToMark = (): unknown[] => {
    const below = marked.pop();
    if (!below) throw refuse('its pickle is damaged: a mark is missing');
    const items = stack;
    stack = below;
    return items;
  };
  const top = (kind: 'list' | 'dict'): unknown => {
    const value = stack.at(-1);
    if (!isKind(value, kind)) throw refuse(`its pickle is damaged: no ${kind} to add to`);
    return value;
  };
  const append = (items: readonly unknown[]): void => {
    const list = top('list') as PickledList;
    for (const item of items) list.items.push(item);
  };
  const tuple = (items: unknown[]): PickledList => ({ kind: 'tuple', items });
  const setItems = (items: readonly unknown[]): void => {
    const { entries } = top('dict') as PickledDict;
    if (items.length % 2 !== 0) throw refuse('its pickle is damaged: a key without a value');
    for (let i = 0; i < items.length; i += 2) {
      const item = items[i];
      const key = typeof item === 'number' ? String(item) : shortText(item); // an optimiser numbers the parameters
      if (key === undefined) throw refuse('its pickle has a dict whose keys are no names');
      entries.set(key, items[i + 1]);
    }
  };
  const name = (module: string | undefined, member: string | undefined): PickledName => {
    const full = `${module}.${member}`;
    if (!meaning.allows(full))
      throw refuse(`its pickle asks for '${printable(full)}', which is no part of a tensor and could run code`);
    return { kind: 'name', name: full };
  };
  const recall = (index: number): unknown => {
    if (!memo.has(index)) throw refuse('its pickle is damaged: it recalls what it never stored');
    return memo.get(index);
  };
  const store = (index: number): void => {
    if (stack.length === 0) throw refuse('its pickle is damaged: a value is missing');
    memo.set(index, stack.at(-1));
  };

  for (let count = 0; count < MAX_INSTRUCTIONS; count++) {
    const instruction = take1();
    switch (instruction) {
      case 0x80: // PROTO
        take1();
        break;
      case 0x95: // FRAME
        take(8);
        break;
      case 0x28: // MARK
        marked.push(stack);
        stack = [];
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        stack.push(instruction === 0x88);
        break;
      case 0x4b: // BININT1
        stack.push(take1());
        break;
      case 0x4d: // BININT2
        stack.push(view.getUint16(take(2), true));
        break;
      case 0x4a: // BININT
        stack.push(view.getInt32(take(4), true));
        break;
      case 0x8a: {
        // LONG1
        const little = takeBytes(take1());
        if (little.length > 8) throw refuse('its pickle has a number that no size has');
        const value = little.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
        stack.push(Number(BigInt.asIntN(8 * little.length, value)));
        break;
      }
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(take(8), false));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(takeText(take1()));
        break;
      case 0x58: // BINUNICODE
        stack.push(takeText(take4()));
        break;
      case 0x43: // SHORT_BINBYTES
        stack.push({ kind: 'bytes', data: takeBytes(take1()) });
        break;
      case 0x42: // BINBYTES
        stack.push({ kind: 'bytes', data: takeBytes(take4()) });
        break;
      case 0x29: // EMPTY_TUPLE
        stack.push(tuple([]));
        break;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        stack.push(tuple(popMany(instruction - 0x84)));
        break;
      case 0x74: {
        // TUPLE; the stack is another one after it
        const items = popToMark();
        stack.push(tuple(items));
        break;
      }
      case 0x5d: // EMPTY_LIST
        stack.push({ kind: 'list', items: [] } satisfies PickledList);
        break;
      case 0x61: // APPEND
        append([pop()]);
        break;
      case 0x65: // APPENDS
        append(popToMark());
        break;
      case 0x7d: // EMPTY_DICT
        stack.push({ kind: 'dict', entries: new Map() } satisfies PickledDict);
        break;
      case 0x73: // SETITEM
        setItems(popMany(2));
        break;
      case 0x75: // SETITEMS
        setItems(popToMark());
        break;
      case 0x71: // BINPUT
        store(take1());
        break;
      case 0x72: // LONG_BINPUT
        store(take4());
        break;
      case 0x94: // MEMOIZE
        store(memo.size);
        break;
      case 0x68: // BINGET
        stack.push(recall(take1()));
        break;
      case 0x6a: // LONG_BINGET
        stack.push(recall(take4()));
        break;
      case 0x63: {
        // GLOBAL
        const module = takeLine();
        stack.push(name(module, takeLine()));
        break;
      }
      case 0x93: {
        // STACK_GLOBAL
        const [module, member] = popMany(2);
        stack.push(name(shortText(module), shortText(member)));
        break;
      }
      case 0x52: {
        // REDUCE
        const [made, args] = popMany(2);
        if (!isKind(made, 'name') || !isTuple(args))
          throw refuse('its pickle is damaged: it calls what is no function');
        stack.push(meaning.call((made as PickledName).name, args.items));
        break;
      }
      case 0x62: {
        // BUILD
        const state = pop();
        meaning.build(stack.at(-1), state);
        break;
      }
      case 0x51: // BINPERSID
        stack.push(meaning.persistent(pop()));
        break;
      case 0x2e: // STOP
        return pop();
      default:
        throw refuse(
          `its pickle has the instruction 0x${instruction.toString(16).padStart(2, '0')}, which no tensor needs`,
        );
    }
  }
  throw refuse(`its pickle has more than ${MAX_INSTRUCTIONS} instructions, a tensor needs about fifty`);
}
