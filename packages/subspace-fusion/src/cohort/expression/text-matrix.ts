import { append } from '../../files/lists.js';
import { counted, InputError, someOf, type Problem } from '../../files/errors.js';
import type { Source } from '../../files/source.js';
import { parseRows, repeatedNames, type Row, type TableStart } from '../../files/table.js';
import { ownText } from '../../files/text.js';
import { checkCells } from './cells.js';
import {
  chooseSamples,
  type FileGene,
  type RawExpression,
  type ReadContext,
  type Sample,
  type SampleChoice,
} from './samples.js';
import { genesOfDate } from './spreadsheet-dates.js';

/** A column of numbers, by the name of its gene or sample. */
interface NumberColumn {
  readonly name: string;
  /** Place in the row, from 0. */
  readonly cell: number;
}

/** How the two axes of a text table stand. */
export interface Layout {
  readonly genesAreRows: boolean;
  /** Name of a row's gene or sample. */
  readonly rowName: (cells: readonly string[]) => string;
  /** The symbol that the file gives to the gene of a row, or of a name. */
  readonly symbolOf?: (cells: readonly string[]) => string | undefined;
  /** Where the header is, and how many rows below it are none of the matrix. */
  readonly start?: TableStart & { readonly below?: number };
  readonly columns: readonly NumberColumn[];
  readonly nameSample: (name: string) => Sample;
  /**
   * Whether a repeated name is a mistake in the file (then it is refused where a model needs the gene, and otherwise the first one is read)
   * or a habit of the format.
   */
  readonly refusesRepeats: boolean;
  /** Rows of the same name and numbers are one, as in a table with a row a slide. */
  readonly mergesEqualRows?: boolean;
}

/** One kept row of the file, its numbers in the order of the kept columns. */
interface NumberRow {
  readonly name: string;
  readonly said: string | undefined;
  readonly line: number;
  readonly numbers: Float32Array;
}

/**
 * Reads the rows of a text matrix below its header. Streams: only the numbers of the kept patients' samples stay in memory. Genes that no model needs may
 * miss values (NaN).
 * @throws {InputError} naming all at once: cells that are no number (row and column), needed genes that repeat or miss values, repeated
 * patients.
 */
export async function readTextMatrix(
  source: Source,
  layout: Layout,
  { patients, genes: needed, nameGene }: Omit<ReadContext, 'nameSample'>,
  problems: Problem[],
): Promise<RawExpression> {
  const { genesAreRows, rowName, nameSample, refusesRepeats } = layout;
  const file = source.name;
  const columnChoice = genesAreRows
    ? chooseSamples(
        layout.columns.map(({ name }) => nameSample(name)),
        patients,
      )
    : undefined;
  const columns = columnChoice ? columnChoice.places.map((i) => layout.columns[i]) : layout.columns;
  const columnSymbols = genesAreRows ? [] : columns.map(({ name }) => nameGene(name));
  const cells = checkCells(() => false); // which cells are missing is seen below, when it is known who has any value
  const rows: NumberRow[] = [];
  const strangers: Sample[] = [];
  for await (const row of belowHeader(source, layout.start)) {
    const name = ownText(rowName(row.cells));
    if (!genesAreRows && patients && !patients.has(nameSample(name).patient)) {
      strangers.push(nameSample(name));
      continue;
    }
    const own = genesAreRows ? layout.symbolOf?.(row.cells) : undefined;
    const said = own === undefined ? undefined : ownText(own);
    const rowSymbol = genesAreRows ? nameGene(name, said) : '';
    const numbers = Float32Array.from(columns, (column, j) =>
      cells.read(row.cells[column.cell], genesAreRows ? rowSymbol : columnSymbols[j], row.line, column.name),
    );
    rows.push({ name, said, line: row.line, numbers });
  }

  const rowSamples = genesAreRows ? [] : rows.map(({ name }) => nameSample(name));
  const everyone = columnChoice ?? chooseSamples([...rowSamples, ...strangers], patients);
  const ofEveryone = genesAreRows ? rows : everyone.places.map((i) => rows[i]);
  const hasValue = genesAreRows
    ? columns.map((_, j) => rows.some(({ numbers }) => !Number.isNaN(numbers[j])))
    : ofEveryone.map(({ numbers }) => numbers.some((value) => !Number.isNaN(value)));
  const { choice, kept, without } = withValues(everyone, hasValue);
  const keptColumns = genesAreRows ? kept.map((j) => columns[j]) : columns;
  const chosen = genesAreRows
    ? rows.map((row) => ({ ...row, numbers: takePlaces(row.numbers, kept) }))
    : kept.map((i) => ofEveryone[i]);
  const taken = layout.mergesEqualRows ? withoutEqualRows(chosen) : chosen;
  const rowNames = taken.map(({ name, line }) => ({ name, place: line }));
  const columnNames = keptColumns.map(({ name, cell }) => ({ name, place: cell + 1 }));
  const repeats = (axis: 'row' | 'column'): Problem[] => {
    const what = (axis === 'row') === genesAreRows ? 'gene' : 'patient';
    if (what === 'gene' && !refusesRepeats) return [];
    return repetitions(file, what, axis, axis === 'row' ? rowNames : columnNames, (name) => needed.has(nameGene(name)));
  };
  const empty = checkCells((gene) => needed.has(gene));
  for (const { name, said, line, numbers } of chosen) {
    const rowGene = genesAreRows ? nameGene(name, said) : '';
    numbers.forEach((value, j) => {
      if (Number.isNaN(value)) empty.read('', genesAreRows ? rowGene : columnSymbols[j], line, keptColumns[j].name);
    });
  }
  const found = [...cells.problems(file), ...empty.problems(file), ...repeats('row'), ...repeats('column')];
  if (without.length > 0) found.push(noValues(file, without));
  if (found.some(({ severity }) => severity === 'error')) throw new InputError(found);
  append(problems, found);

  const names = (genesAreRows ? rowNames : columnNames).map(({ name }) => name);
  const genePlaces = refusesRepeats ? firstPlaces(names) : [...names.keys()];
  const genes = genePlaces.map((i): FileGene => {
    const said = genesAreRows ? taken[i].said : undefined;
    return { name: names[i], said, symbol: nameGene(names[i], said) };
  });
  const samples = (genesAreRows ? columnNames : rowNames).map(({ name }) => nameSample(name));
  const numbers = taken.map((row) => row.numbers);
  return {
    orientation: genesAreRows ? 'genes × patients' : 'patients × genes',
    patients: samples.map(({ patient }) => patient),
    genes,
    rows: genesAreRows ? genePlaces.map((i) => numbers[i]) : numbers.map((row) => takePlaces(row, genePlaces)),
    genesAreRows,
    choice,
  };
}

/** A choice without the samples that have no value at all, unless none has any; `kept`: places in the choice. */
function withValues(
  choice: SampleChoice,
  hasValue: readonly boolean[],
): { choice: SampleChoice; kept: readonly number[]; without: readonly string[] } {
  const all = [...choice.places.keys()];
  const kept = hasValue.includes(true) ? all.filter((i) => hasValue[i]) : all;
  const [places, taken] = [kept.map((i) => choice.places[i]), kept.map((i) => choice.taken[i])];
  const without = kept.length === all.length ? [] : choice.taken.filter((_, i) => !hasValue[i]).map(({ name }) => name);
  return { choice: { ...choice, places, taken }, kept, without };
}

const noValues = (file: string, samples: readonly string[]): Problem => ({
  severity: 'warning',
  file,
  message: `${counted(samples.length, 'sample has', 'samples have')} no value of any gene (${someOf(samples)})`,
  remedy: 'They count as patients without expression',
});

async function* belowHeader(source: Source, { below = 0, ...start }: Layout['start'] = {}): AsyncGenerator<Row, void> {
  let left = 1 + below;
  for await (const row of parseRows(source, start)) if (left-- <= 0) yield row;
}

/** A problem for each name that an axis repeats; the genes that no model needs share one warning. */
function repetitions(
  file: string,
  what: 'gene' | 'patient',
  axis: 'row' | 'column',
  names: readonly { name: string; place: number }[],
  isNeeded: (name: string) => boolean,
): Problem[] {
  const repeated = repeatedNames(names.map(({ name }) => name));
  const harmless = new Set(repeated.filter(({ name }) => what === 'gene' && !isNeeded(name)));
  const wrong = repeated.filter((repetition) => !harmless.has(repetition));
  const problems = wrong.map(({ name, first, second }): Problem => {
    const [here, before] = [names[second].place, names[first].place];
    const twice = `${axis}s, ${before} and ${here}`;
    return {
      severity: 'error',
      file,
      row: axis === 'row' ? here : 1,
      ...(wrong.length === 1
        ? { message: `the ${what} '${name}' has two ${twice}` }
        : { message: `a ${what} has two ${axis}s`, examples: [`${name}: ${twice}`] }),
      remedy: genesOfDate(name) ? 'Take the file from before a spreadsheet made dates of genes' : 'Keep one of them',
    };
  });
  if (harmless.size > 0) {
    const some = someOf(new Set([...harmless].map(({ name }) => name)));
    const message = `${counted(harmless.size, `${axis} repeats`, `${axis}s repeat`)} a gene that is in no gene set (${some})`;
    problems.push({ severity: 'warning', file, message, remedy: 'The first one is used' });
  }
  return problems;
}

/** Rows without those that repeat an earlier one of the same name, number for number. */
function withoutEqualRows(rows: readonly NumberRow[]): NumberRow[] {
  const first = new Map<string, NumberRow>();
  return rows.filter((row) => {
    const before = first.get(row.name);
    if (!before) first.set(row.name, row);
    return !before?.numbers.every((x, i) => Object.is(x, row.numbers[i]));
  });
}

/** These places of a row; the row itself where they are all of them. */
const takePlaces = (row: Float32Array, places: readonly number[]): Float32Array =>
  places.length === row.length ? row : Float32Array.from(places, (j) => row[j]);

/** Places of the first occurrence of each name. */
function firstPlaces(names: readonly string[]): number[] {
  const seen = new Set<string>();
  return names.flatMap((name, i) => (seen.has(name) ? [] : (seen.add(name), [i])));
}
