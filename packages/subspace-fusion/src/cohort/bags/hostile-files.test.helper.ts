/** Parts of feature files that no program would write, for the tests that readers withstand them. */

const u16 = (n: number) => [n & 0xff, (n >> 8) & 0xff];
const u32 = (n: number) => [...u16(n), ...u16(n >>> 16)];

const IN_64 = 0xffffffff;

interface Zipped {
  readonly name: string;
  readonly content: Uint8Array;
  /** What the archive claims, where that is not the truth. */
  readonly method?: number;
  readonly size?: number;
  /** Writes sizes and place as 64-bit numbers, as an archive of more than 4 GB has them. */
  readonly large?: boolean;
}

/** A zip archive of these files, stored; checksums are zero. */
export function zipOf(files: readonly Zipped[]): Buffer {
  const parts: Buffer[] = [];
  const list: number[] = [];
  let at = 0;
  for (const { name, content, method = 0, size = content.length, large = false } of files) {
    const head = (sizes: number[], extra: readonly number[]) => [
      ...u16(method),
      0,
      0,
      0,
      0,
      ...u32(0),
      ...sizes,
      ...u16(name.length),
      ...u16(extra.length),
    ];
    const common = head([...u32(content.length), ...u32(size)], []);
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4, 20, 0, 0, 0, ...common]), Buffer.from(name), content]);
    const u64 = (n: number) => [...u32(n), ...u32(0)];
    const extra = large
      ? [...u16(0x7075), ...u16(1), 0, ...u16(1), ...u16(24), ...u64(size), ...u64(content.length), ...u64(at)]
      : [];
    const listed = large ? head([...u32(IN_64), ...u32(IN_64)], extra) : common;
    list.push(
      0x50,
      0x4b,
      1,
      2,
      20,
      0,
      20,
      0,
      0,
      0,
      ...listed,
      ...u16(0),
      ...u16(0),
      ...u16(0),
      ...u32(0),
      ...u32(large ? IN_64 : at),
    );
    list.push(...Buffer.from(name), ...extra);
    parts.push(local);
    at += local.length;
  }
  const end = [
    0x50,
    0x4b,
    5,
    6,
    0,
    0,
    0,
    0,
    ...u16(files.length),
    ...u16(files.length),
    ...u32(list.length),
    ...u32(at),
    0,
    0,
  ];
  return Buffer.concat([...parts, Buffer.from(list), Buffer.from(end)]);
}

/** A file of torch.save with this pickle and 80 bytes of numbers. */
export const torchFile = (pickle: Uint8Array): Buffer =>
  zipOf([
    { name: 'f/data.pkl', content: pickle },
    { name: 'f/data/0', content: new Uint8Array(80) },
  ]);

/** A pickle from texts, whose letters are bytes, and bytes. */
export const pickle = (...parts: readonly (string | readonly number[] | Uint8Array)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))));

export const text = (letters: string): Buffer => pickle('X', u32(letters.length), letters);
/** LONG1 of eight bytes. */
export function long(n: bigint): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.set([0x8a, 8]);
  bytes.writeBigInt64LE(n, 2);
  return bytes;
}

/** The instructions of a float32 tensor of this size, these steps and place in 20 numbers (or as many as are claimed). */
export function tensor(size: readonly bigint[], steps: readonly bigint[], offset = 0n, count = 20n): Buffer {
  const tuple = (numbers: readonly bigint[]) => pickle('(', ...numbers.map(long), 't');
  const storage = pickle('(', text('storage'), 'ctorch\nFloatStorage\n', text('0'), text('cpu'), long(count), 'tQ');
  const dict = 'ccollections\nOrderedDict\n)R';
  return pickle(
    'ctorch._utils\n_rebuild_tensor_v2\n(',
    storage,
    long(offset),
    tuple(size),
    tuple(steps),
    [0x89],
    dict,
    'tR',
  );
}

/** An .npy file of version 1 with this header, whatever it says. */
export function npyFile(header: string, length = header.length): Buffer {
  return pickle([0x93], 'NUMPY', [1, 0], u16(length), header, new Uint8Array(80));
}

/** A safetensors file with this header, whatever it says. */
export function safetensorsFile(header: string, length = BigInt(header.length)): Buffer {
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length);
  return pickle(start, header, new Uint8Array(80));
}
