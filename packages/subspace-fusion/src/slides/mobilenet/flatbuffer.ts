/** Bytes that do not hold what their format says. */
export class FlatBufferError extends Error {
  override name = 'FlatBufferError';
}

/**
 * A table of a FlatBuffer: fields by number, each of which may be left out and then has its default. Its layout is described in "FlatBuffers internals"
 * (flatbuffers.dev): at `at` a signed distance back to a list of 16-bit places, one for each field. Every place is checked against the file's end.
 */
export interface Table {
  byte(field: number, otherwise?: number): number;
  int(field: number, otherwise?: number): number;
  text(field: number): string;
  ints(field: number): Int32Array;
  bytes(field: number): Uint8Array;
  table(field: number): Table | undefined;
  tables(field: number): Table[];
}

/**
 * The root table of a FlatBuffer with an identifier.
 * @param identifier Four letters after the place of the root, such as `TFL3`.
 * @throws {FlatBufferError} where it is another file, or a damaged one; the fields of the tables throw it too.
 */
export function rootTable(file: Uint8Array, identifier: string): Table {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const within = (at: number, length: number) => {
    if (at < 0 || at + length > file.length)
      throw new FlatBufferError(`bytes ${at} to ${at + length} of ${file.length} are named`);
    return at;
  };
  const uint32 = (at: number) => view.getUint32(within(at, 4), true);
  const to = (at: number) => at + uint32(at);

  /** Where the elements of a vector are: a count, then the elements. */
  const vector = (at: number, size: number) => {
    const start = to(at);
    const count = uint32(start);
    return { start: within(start + 4, count * size), count };
  };

  const tableAt = (at: number): Table => {
    const places = within(at - view.getInt32(within(at, 4), true), 4);
    const known = view.getUint16(places, true);
    const place = (field: number) => {
      const entry = 4 + 2 * field;
      const offset = entry + 2 > known ? 0 : view.getUint16(within(places + entry, 2), true);
      return offset === 0 ? undefined : at + offset;
    };
    const vectorOf = (field: number, size: number) => {
      const where = place(field);
      return where === undefined ? { start: 0, count: 0 } : vector(where, size);
    };
    const bytes = (field: number) => {
      const { start, count } = vectorOf(field, 1);
      return file.subarray(start, start + count);
    };
    return {
      byte(field, otherwise = 0) {
        const where = place(field);
        return where === undefined ? otherwise : view.getInt8(within(where, 1));
      },
      int(field, otherwise = 0) {
        const where = place(field);
        return where === undefined ? otherwise : view.getInt32(within(where, 4), true);
      },
      text: (field) => new TextDecoder().decode(bytes(field)),
      ints(field) {
        const { start, count } = vectorOf(field, 4);
        return Int32Array.from({ length: count }, (_, i) => view.getInt32(start + 4 * i, true));
      },
      bytes,
      table(field) {
        const where = place(field);
        return where === undefined ? undefined : tableAt(to(where));
      },
      tables(field) {
        const { start, count } = vectorOf(field, 4);
        return Array.from({ length: count }, (_, i) => tableAt(to(start + 4 * i)));
      },
    };
  };

  const found = new TextDecoder('latin1').decode(file.subarray(4, 8));
  if (found !== identifier) throw new FlatBufferError(`it begins with '${found}', not '${identifier}'`);
  return tableAt(to(0));
}
