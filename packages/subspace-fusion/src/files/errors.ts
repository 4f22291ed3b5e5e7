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
  /** Line of the file; a table's header is line 1. */
  readonly row?: number;
  readonly message: string;
  readonly remedy: string;
}

/** More problems than this in one message help nobody; `subspace inspect` lists them all. */
const SHOWN = 20;

/** Longest message that is shown; a damaged file can bring a cell of megabytes into it. */
const LONGEST = 600;
/** Longest name in a list. */
const LONGEST_NAME = 120;

const clip = (text: string, length: number) => (text.length > length ? `${text.slice(0, length)}…` : text);

/** One line: file, row, what is wrong, what to do about it. */
export function formatProblem({ file, row, message, remedy }: Problem): string {
  const end = remedy.endsWith('?') ? '' : '.';
  return `${file}${row === undefined ? '' : `, row ${row}`}: ${clip(message, LONGEST)}. ${clip(remedy, LONGEST)}${end}`;
}

/**
 * Something the user gave us is wrong. The message is one or more lines that name the file, the row and the remedy; the command line
 * prints it without a stack and exits with code 2. What is known of single problems is there as data, too.
 */
export class InputError extends Error {
  override name = 'InputError';
  /** One by one, for callers that go on and collect more of them; none where a sentence was all there was to say. */
  readonly problems: readonly Problem[];

  constructor(wrong: string | readonly Problem[]) {
    super(typeof wrong === 'string' ? wrong : formatProblems(wrong));
    this.problems = typeof wrong === 'string' ? [] : wrong;
  }
}

/** Bad input or failed work as data: what `--json` prints in place of a result. */
export interface ErrorData {
  readonly error: {
    readonly kind: 'input' | 'work';
    readonly message: string;
    /** One by one; none where the message is all there is to say. */
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
    problems.push(...error.problems);
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
  const value = isMap(from) ? from.get(key) : from[String(key)];
  if (value === undefined) throw new Error(`there is no ${String(key)}`);
  return value;
}

function isMap<V>(
  from: ReadonlyMap<unknown, V> | Readonly<Partial<Record<string, V>>>,
): from is ReadonlyMap<unknown, V> {
  return from instanceof Map;
}
