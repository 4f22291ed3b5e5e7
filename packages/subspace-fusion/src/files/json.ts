import type { z } from 'zod';
import { badInput, type InputError } from './errors.js';
import { describe, expected } from './schema-words.js';
import { readText, type Source } from './source.js';

/** What a schema lets through, which nobody changes: readonly all the way down. */
export type Stored<S extends z.ZodType> = DeepReadonly<z.output<S>>;
type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** Where JSON comes from, for messages. */
export interface JsonPlace {
  readonly file: string;
  /** Line of a file that has JSON on each. */
  readonly row?: number | undefined;
  /** What the file is of; `the run folder`, where it is not said. */
  readonly what?: string | undefined;
  /** What to do where it is wrong. */
  readonly remedy?: string | undefined;
}

/**
 * Reads a JSON file as its schema says.
 * @throws {InputError} where it is cut short or no JSON, of another `format`, lacks a key, or a value is of the wrong kind.
 */
export async function readJson<S extends z.ZodType>(
  source: Source,
  schema: S,
  remedy?: string,
  what?: string,
): Promise<z.output<S>> {
  return parseJson(await readText(source), schema, { file: source.name, remedy, what });
}

/** {@link readJson} of text. */
export function parseJson<S extends z.ZodType>(text: string, schema: S, place: JsonPlace): z.output<S> {
  const parsed = parsedText(text);
  if (!parsed)
    throw wrongFile(place, `not valid JSON; ${place.what ?? 'the run folder'} was changed or copied in part`);
  return parseValue(parsed.value, schema, place);
}

/** Whether a text is JSON, and whole. */
export function isJson(text: string): boolean {
  return parsedText(text) !== undefined;
}

function parsedText(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** The same of a value that is no text any more. */
export function parseValue<S extends z.ZodType>(value: unknown, schema: S, place: JsonPlace): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = mostTelling(parsed.error.issues);
  if (issue.path.length === 1 && issue.path[0] === 'format' && issue.code === 'invalid_value') {
    const has = valueAt(value, issue.path);
    const message = `has format ${has === undefined ? 'none' : JSON.stringify(has)}, which this version does not read (it reads ${issue.values.join(' or ')})`;
    throw wrongFile({ ...place, remedy: 'Use a newer version, or the one that wrote it' }, message);
  }
  throw wrongFile({ ...place, remedy: place.remedy ?? CHANGED }, inWords(issue, value));
}

const CHANGED = 'It was changed, or is of another version: restore it, or train again';

function wrongFile({ file, row, remedy = 'Restore it, or train again' }: JsonPlace, message: string): InputError {
  return badInput({ file, ...(row === undefined ? {} : { row }), message, remedy });
}

type Issue = z.core.$ZodIssue;

/** Of a value that none of several schemas takes, what is wrong by the one that came closest. */
function mostTelling(issues: readonly Issue[]): Issue {
  const opened = issues.map((issue): Issue => {
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
    const branches = issue.errors.map((branch) => mostTelling(branch));
    const closest = branches.reduce((best, other) => (depth(other) > depth(best) ? other : best));
    return { ...closest, path: [...issue.path, ...closest.path] };
  });
  return opened.find(isFormat) ?? opened.reduce((first) => first);
}

const depth = ({ path, code }: Issue): number => path.length + (code === 'invalid_value' ? -0.5 : 0);
const isFormat = ({ path }: Issue): boolean => path.length === 1 && path[0] === 'format';

function inWords(issue: Issue, value: unknown): string {
  const found = valueAt(value, issue.path);
  const at = issue.path.map(String).join('.');
  if (found === undefined && at !== '') return `the key '${at}' is missing`;
  if (issue.code === 'custom')
    return `${at === '' ? 'the file' : `'${at}'`} is not right: ${issue.message.split('\n', 1).join()}`;
  const what = at === '' ? 'the file holds' : `'${at}' is`;
  return `${what} ${describe(found)}, which ${isRightKind(issue) ? 'is out of range' : `should be ${expected(issue)}`}`;
}

const isRightKind = ({ code }: Issue): boolean => code === 'too_big' || code === 'too_small';

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = Reflect.get(at, key);
  }
  return at;
}
