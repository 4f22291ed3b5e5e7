/** Rows of cells as comma separated text (RFC 4180) that a spreadsheet shows as it is. */
export const csvText = (rows: readonly (readonly CsvCell[])[]): string =>
  rows.map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');

/** A missing value is an empty cell. */
export type CsvCell = string | number | undefined;

/**
 * What a spreadsheet takes for a formula and computes: a text that starts with =, +, -, @, their wide forms, or what it skips before them. A name
 * of a variant, a class or a site could start so.
 */
const FORMULA = /^[=+\-@＝＋－＠\t\r\n]/;

function csvCell(value: CsvCell): string {
  const text = value === undefined ? '' : String(value);
  const isFormula = FORMULA.test(text) && (text.trim() === '' || !Number.isFinite(Number(text)));
  const safe = isFormula ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
