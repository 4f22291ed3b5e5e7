import { bits, key } from '../../random/counter.js';

/** Damages files as disks, downloads and attackers do. Every change is drawn from a key, so that an input can be made again. */

/** A number from 0 to below `below`; 0 where there is none. */
type Draw = (below: number) => number;

/** Places where a format has fields: signatures, markers, entries of directories. */
export type Landmarks = (bytes: Buffer) => number[];

export interface Mutator {
  readonly landmarks?: Landmarks;
  readonly isText?: boolean;
}

type Mutation = (bytes: Buffer, draw: Draw, others: readonly Buffer[]) => Buffer;

const EXTREMES = [
  0n,
  1n,
  2n,
  0x7fn,
  0xffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  1n << 40n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
];

/** Writes an extreme number of 1, 2, 4 or 8 bytes, in either byte order. */
function writeExtreme(bytes: Buffer, at: number, draw: Draw): void {
  const size = [1, 2, 4, 8][draw(4)];
  if (at < 0 || at + size > bytes.length) return;
  const field = Buffer.alloc(8);
  const value = EXTREMES[draw(EXTREMES.length)] & ((1n << BigInt(8 * size)) - 1n);
  field.writeBigUInt64LE(value);
  const part = field.subarray(0, size);
  bytes.set(draw(2) === 0 ? part : part.reverse(), at);
}

const flipBits: Mutation = (bytes, draw) => {
  const damaged = Buffer.from(bytes);
  for (let n = 1 + draw(8); n > 0 && damaged.length > 0; n--) damaged[draw(damaged.length)] ^= 1 << draw(8);
  return damaged;
};

const cutShort: Mutation = (bytes, draw) => bytes.subarray(0, draw(bytes.length + 1));

const takeOut: Mutation = (bytes, draw) => {
  const at = draw(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + draw(64))]);
};

const splice: Mutation = (bytes, draw, others) => {
  const other = others[draw(others.length)];
  const [from, at] = [draw(other.length + 1), draw(bytes.length + 1)];
  const piece = other.subarray(from, from + 1 + draw(512));
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + draw(2) * piece.length)]);
};

const repeat: Mutation = (bytes, draw) => {
  const at = draw(bytes.length + 1);
  const piece = bytes.subarray(at, at + 1 + draw(200));
  return Buffer.concat([bytes.subarray(0, at), ...Array<Buffer>(1 + draw(50)).fill(piece), bytes.subarray(at)]);
};

const zeroOut: Mutation = (bytes, draw) => {
  const damaged = Buffer.from(bytes);
  const at = draw(bytes.length + 1);
  return damaged.fill(0, at, draw(2) === 0 ? damaged.length : Math.min(damaged.length, at + 1 + draw(512)));
};

const extreme: Mutation = (bytes, draw) => {
  const damaged = Buffer.from(bytes);
  // Headers come first.
  writeExtreme(damaged, draw(draw(2) === 0 ? Math.min(damaged.length, 512) : damaged.length), draw);
  return damaged;
};

const fields =
  (landmarks: Landmarks): Mutation =>
  (bytes, draw) => {
    const damaged = Buffer.from(bytes);
    const places = landmarks(bytes);
    if (places.length === 0) return damaged;
    for (let n = 1 + draw(3); n > 0; n--) {
      const place = places[draw(places.length)];
      const end = Math.min(damaged.length, place + 64 + draw(4096));
      if (draw(8) === 0) damaged.fill(0, Math.min(end, place + draw(64)), end);
      else writeExtreme(damaged, place + draw(48), draw);
    }
    return damaged;
  };

const WORDS = [
  ...['-1', '0', '1e308', '1e400', 'NaN', 'Infinity', '4294967296', '9007199254740993', '0.1', '1,5', '>89'],
  ...['__proto__', 'constructor', 'null', 'true', '*', '&a', '*a', '!!binary', '"', "'", '[', '{', ']', '}', '#', ''],
  ...[
    '\0',
    '\u001b[2J',
    '\u202e',
    '\ufeff',
    '\u00fc',
    '\ud83d\ude00',
    '=1+1',
    '../../x',
    'x'.repeat(300),
    '\n',
    '\r',
    '\t',
    ',',
  ],
];

/** Bytes among whose words one is chosen. */
const PAGE = 4096;

/** Puts a strange word in place of a number, a word or a separator. */
const word: Mutation = (bytes, draw) => {
  const page = draw(2) === 0 ? 0 : draw(bytes.length + 1);
  const tokens = [...bytes.toString('latin1', page, page + PAGE).matchAll(/[\w.+-]+|[^\w\s]|\s/g)];
  if (tokens.length === 0) return bytes;
  const token = tokens[draw(tokens.length)];
  const [from, to] = [page + token.index, page + token.index + token[0].length];
  return Buffer.concat([bytes.subarray(0, from), Buffer.from(WORDS[draw(WORDS.length)]), bytes.subarray(to)]);
};

/** Takes a line out, puts it in again elsewhere, or swaps its cells. */
const lines: Mutation = (bytes, draw) => {
  const all = bytes.toString('latin1').split('\n');
  const [from, to] = [draw(all.length), draw(all.length)];
  const [line = ''] = all.splice(from, draw(2));
  all.splice(to, 0, draw(2) === 0 ? line : line.split('\t').reverse().join('\t'));
  return Buffer.from(all.join('\n'), 'latin1');
};

const inUtf16: Mutation = (bytes) => Buffer.from(`\ufeff${bytes.toString('utf8')}`, 'utf16le');

const ANY: readonly Mutation[] = [flipBits, cutShort, takeOut, splice, repeat, zeroOut, extreme];
const TEXT: readonly Mutation[] = [word, word, word, word, lines, lines];

/** Input number `index` of a kind, made of one of the whole files by one to three changes. */
export function mutate(
  whole: Buffer,
  others: readonly Buffer[],
  { landmarks, isText = false }: Mutator,
  stream: { readonly seed: number; readonly kind: string; readonly index: number },
): Buffer {
  const k = key(stream.seed, 'fuzz', stream.kind, stream.index);
  let i = 0;
  const draw: Draw = (below) => bits(k, i++) % Math.max(1, below);
  if (isText && draw(100) === 0) return inUtf16(whole, draw, others);
  const near = landmarks ? Array<Mutation>(2 * ANY.length).fill(fields(landmarks)) : [];
  const mutations = [...ANY, ...(isText ? [...TEXT, ...TEXT] : []), ...near];
  let damaged = whole;
  for (let n = 1 + draw(3); n > 0; n--) damaged = mutations[draw(mutations.length)](damaged, draw, others);
  return damaged;
}
