const WORDS = new Set([
  '',
  '--',
  'na',
  'n/a',
  'nan',
  'null',
  'unknown',
  'not available',
  'not reported',
  'not applicable',
]);

/** Whether a table's cell says that the value is unknown: empty, NA, NaN, "[Not Available]", GDC's "'--" and their like. */
export function isMissing(cell: string): boolean {
  return WORDS.has(
    cell
      .replace(/^[['](?=.)|\]$/g, '')
      .trim()
      .toLowerCase(),
  );
}
