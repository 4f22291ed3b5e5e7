import { append } from './lists.js';
import { printable, visible } from './text.js';
/**
 * The work failed for a reason outside the program and the user's files: a full disk, a loss that is no number, Ctrl-C.
 * The message says what happened and what to do; the command line prints it without a stack and exits with code 1.
 */
export class WorkError extends Error {
  override name: string = 'WorkError';
}

/** Something about the user's files: an `error` stops the work, a `warning` is stated and the work goes on. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** Line of the file, the first where it is in several; a table's header is line 1. */
  readonly row?: number;
  /** What is wrong, in words that are the same for each row with this problem. */
  readonly message: string;
  /** What shows it in this row: a cell, a name. Of many rows, the first {@link EXAMPLES} that differ. */
  readonly examples?: readonly string[];
  readonly remedy: string;
  /** Of many rows: how many, the first {@link ROWS} of them, and the last. */
  readonly count?: number;
  readonly rows?: readonly number[];
  readonly lastRow?: number;
}

/** Rows and examples of one problem that are kept. */
const ROWS = 100;
const EXAMPLES = 3;

/**
 * Problems of one kind as one: those with the same severity, file, message and remedy, in the order in which each kind first comes. Groups may be
 * grouped again.
 */
export function groupProblems(problems: Iterable<Problem>): Problem[] {
  const groups = new Map<string, Problem & { count: number; rows: number[]; examples: string[]; lastRow?: number }>();
  for (const problem of problems) {
    const { severity, file, message, remedy, row, count = 1, rows = row === undefined ? [] : [row] } = problem;
    const id = JSON.stringify([severity, file, message, remedy]);
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { ...problem, count: 0, rows: [], examples: [] }));
    group.count += count;
    append(group.rows, rows.slice(0, ROWS - group.rows.length));
    const last = problem.lastRow ?? rows.at(-1);
    if (last !== undefined) group.lastRow = Math.max(last, group.lastRow ?? last);
    for (const example of problem.examples ?? [])
      if (group.examples.length < EXAMPLES && !group.examples.includes(example)) group.examples.push(example);
  }
  return [...groups.values()].map(({ count, rows, lastRow, examples, ...problem }) => ({
    ...problem,
    ...(examples.length > 0 && { examples }),
    ...(count > 1 && { count, rows, lastRow }),
  }));
}

/** More kinds of problems than this in one message help nobody; `subspace inspect` lists them all. */
const SHOWN = 20;

/** Longest message that is shown; a damaged file can bring a cell of megabytes into it. */
const LONGEST = 600;
/** Longest name in a list. */
const LONGEST_NAME = 120;

const clip = (text: string, length: number) => (text.length > length ? `${text.slice(0, length)}…` : text);

/** `, row 5`; `, rows 5, 9 and 12`; `, rows 2 to 290001`; `, rows 2, 4, 6 and 10 more`; `, 3 times` for what has no row. */
function inRows({ row, rows = [], lastRow = 0, count = 1 }: Problem): string {
  if (count === 1) return row === undefined ? '' : `, row ${row}`;
  if (rows.length === 0) return `, ${count} times`;
  const [first] = rows;
  if (count > 2 && lastRow - first === count - 1) return `, rows ${first} to ${lastRow}`;
  const shown = rows.slice(0, count <= 4 ? count : EXAMPLES).map(String);
  const end = count > shown.length ? `${count - shown.length} more` : (shown.pop() ?? '');
  return `, rows ${shown.join(', ')} and ${end}`;
}

/** One line: file, rows, what is wrong, what shows it, what to do about it. No letter in it moves a terminal's cursor or hides another. */
export function formatProblem(problem: Problem): string {
  const { file, message, examples = [], count = 1 } = problem;
  const more = count > examples.length && examples.length === EXAMPLES ? ', …' : '';
  const shown = examples.map((example) => `'${printable(example)}'`).join(', ');
  const what = `${clip(message, LONGEST)}${shown === '' ? '' : ` (${shown}${more})`}`;
  const line = `${file}${inRows(problem)}: ${sentence(what)} ${sentence(clip(problem.remedy, LONGEST))}`;
  return visible(line).replaceAll('\n', '\\n');
}

/** With one mark at its end. */
const sentence = (text: string): string => (/[.?!…]$/.test(text) ? text : `${text}.`);

/**
 * Something the user gave us is wrong. The message is one or more lines that name the file, the row and the remedy; the command line
 * prints it without a stack and exits with code 2. What is known of single problems is there as data, too.
 */
export class InputError extends Error {
  override name = 'InputError';
  /** Kind by kind, for callers that go on and collect more of them; none where a sentence was all there was to say. */
  readonly problems: readonly Problem[];

  constructor(wrong: string | readonly Problem[]) {
    const problems = typeof wrong === 'string' ? [] : groupProblems(wrong);
    super(typeof wrong === 'string' ? visible(wrong) : formatProblems(problems));
    this.problems = problems;
  }
}

/** Bad input or failed work as data: what `--json` prints in place of a result. */
export interface ErrorData {
  readonly error: {
    readonly kind: 'input' | 'work';
    readonly message: string;
    /** Kind by kind; none where the message is all there is to say. */
    readonly problems: readonly Problem[];
  };
}

export function errorData(error: InputError | WorkError): ErrorData {
  const { message } = error;
  if (error instanceof InputError) return { error: { kind: 'input', message, problems: error.problems } };
  return { error: { kind: 'work', message, problems: [] } };
}

function formatProblems(problems: readonly Problem[]): string {
  const lines = problems.slice(0, SHOWN).map(formatProblem);
  if (problems.length > SHOWN)
    lines.push(`… and ${problems.length - SHOWN} more; \`subspace inspect\` lists them all.`);
  return lines.join('\n');
}

/** {@link InputError} of a single problem: `throw badInput({ file, message, remedy })`. */
export function badInput(problem: Omit<Problem, 'severity'>): InputError {
  return new InputError([{ severity: 'error', ...problem }]);
}

/** Runs `work`; bad input becomes entries of `problems` and the result `undefined`, any other error is thrown on. */
export async function collecting<T>(problems: Problem[], work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError) || error.problems.length === 0) throw error;
    append(problems, error.problems);
    return undefined;
  }
}

/** A count with the words that follow it: `counted(n, 'row repeats', 'rows repeat')`. */
export const counted = (n: number, one: string, several = `${one}s`): string => `${n} ${n === 1 ? one : several}`;

/** A number without the digits that only float32 has: −2.398 for −2.3980000019073486. */
export const shortNumber = (x: number): number => Number(x.toPrecision(6));

/** "a, b, c and 5 more": names for a message, the first few of them. */
export function someOf(names: Iterable<string>, shown = 3): string {
  const all = [...names];
  const more = all.length - shown;
  const some = all.slice(0, shown).map((name) => clip(name, LONGEST_NAME));
  return some.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The value under a key that must be there. @throws Error naming the key where it is not. */
export function required<K, V>(map: ReadonlyMap<K, V>, key: K): V;
export function required<V>(record: Readonly<Partial<Record<string, V>>>, key: string): V;
export function required<V>(from: ReadonlyMap<unknown, V> | Readonly<Partial<Record<string, V>>>, key: unknown): V {
  const name = String(key);
  const value = isMap(from) ? from.get(key) : Object.hasOwn(from, name) ? from[name] : undefined;
  if (value === undefined) throw new Error(`there is no '${name}'`);
  return value;
}

function isMap<V>(
  from: ReadonlyMap<unknown, V> | Readonly<Partial<Record<string, V>>>,
): from is ReadonlyMap<unknown, V> {
  return from instanceof Map;
}
