const CLEAR = 256;
const END = 257;
const LONGEST_CODE = 12;

/**
 * Undoes the LZW compression of TIFF (TIFF 6.0, section 13): codes of 9 to 12 bits, most significant bit first. Every entry of the
 * table is a stretch of what was already written: the string of the code before, and one byte more.
 * @param size Bytes to write; what would follow is left out. The result is shorter where the data end early.
 * @throws Error for a code that the table cannot have yet.
 */
export function undoLzw(data: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  const start = new Uint32Array(1 << LONGEST_CODE);
  const length = new Uint32Array(1 << LONGEST_CODE);
  let [written, next, width] = [0, END + 1, 9];
  let [previousStart, previousLength] = [0, 0]; // of length 0 directly after a CLEAR
  let [bits, held, at] = [0, 0, 0];
  while (written < size) {
    while (held < width && at < data.length) {
      bits = ((bits << 8) | data[at++]) & 0xffffff;
      held += 8;
    }
    if (held < width) break;
    held -= width;
    const code = (bits >>> held) & ((1 << width) - 1);
    if (code === END) break;
    if (code === CLEAR) {
      [next, width, previousLength] = [END + 1, 9, 0];
      continue;
    }
    if (previousLength > 0 && next < 1 << LONGEST_CODE) {
      start[next] = previousStart;
      length[next] = previousLength + 1;
      next++;
    }
    if (code > END && code >= next) throw new Error(`LZW code ${code} of ${next}`);
    previousStart = written;
    previousLength = code < CLEAR ? 1 : length[code];
    if (code < CLEAR) out[written++] = code;
    // Byte by byte: the entry just made overlaps what is being written.
    else for (let from = start[code], i = 0; i < previousLength && written < size; i++) out[written++] = out[from++]!;
    if (next >= (1 << width) - 1 && width < LONGEST_CODE) width++;
  }
  return out.subarray(0, written);
}
