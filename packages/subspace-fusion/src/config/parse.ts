import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument, parse as parseYaml, YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { badInput, InputError, type Problem } from '../files/errors.js';
import { nearest } from '../files/text.js';
import { CONFIG_KEYS, keysIn } from './keys.js';
import { schema, type Config, type ConfigInput } from './schema.js';
import { NO_FORM, wordsOf } from './values.js';

/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * Values of keys such as `training.epochs`. A text is read as YAML, as after `--set`; null, or its text, takes the key away. Relative
 * paths start at the working directory.
 */
export type Overrides = Readonly<Record<string, Json>>;

type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `['a.b=c', …]` as given to `--set` → `{'a.b': 'c', …}`. Throws {@link InputError} for text without `=`. */
export function parseOverrides(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new InputError(`--set ${pair}: expected key=value, for example --set training.epochs=5`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/**
 * Reads the text of a config. Relative paths start at the config's folder, or at its `data` folder; those of `overrides` at the working
 * directory.
 * @param path of the config, for messages and as the start of relative paths
 * @throws {InputError} naming every unknown, missing or wrong key at once, an unknown one with the nearest known.
 */
export function parseConfig(text: string, path: string, overrides: Overrides = {}): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors.at(0);
  if (broken) {
    const [first = ''] = broken.message.split('\n');
    throw badInput({
      file: path,
      row: lines.linePos(broken.pos[0]).line,
      message: `this is not YAML: ${first.replace(/ at line.*$/, '')}`,
      remedy: 'Check the indentation and the colons',
    });
  }
  const given: unknown = document.toJS() ?? {};
  if (!isPlain(given))
    throw badInput({ file: path, message: 'the config is not a list of keys', remedy: 'Write key: value lines' });
  for (const [key, value] of Object.entries(overrides)) setAt(given, key.split('.'), overrideValue(key, value));
  return checked(given, dirname(path), (at) => {
    if (at.join('.') in overrides) return { file: '--set' };
    const node = at.length === 0 ? undefined : document.getIn(at, true);
    const range = (node as { range?: readonly number[] } | undefined)?.range;
    return { file: path, row: range?.[0] === undefined ? undefined : lines.linePos(range[0]).line };
  });
}

/**
 * A config that is written in code, with every default filled in and every path absolute: what `train`, `evaluate` and the others take.
 * @param folder where relative paths start; the working directory by default
 * @throws {InputError} naming every key that is wrong
 */
export function defineConfig(input: ConfigInput, folder = '.'): Config {
  return checked(input, folder, () => ({ file: 'config' }));
}

type Place = Pick<Problem, 'file' | 'row'>;
type PlaceOf = (at: readonly PropertyKey[]) => Place;

function checked(given: unknown, folder: string, place: PlaceOf): Config {
  const parsed = schema.safeParse(given, { reportInput: true });
  if (!parsed.success) throw new InputError(parsed.error.issues.flatMap((issue) => problemsOf(issue, place)));
  return withAbsolutePaths(parsed.data, folder);
}

const isMissing = (issue: z.core.$ZodIssue): boolean => issue.code !== 'custom' && issue.input === undefined;

/** Of a section with several forms, the errors of the one that was meant: none of its keys is missing, and least is wrong. */
function meantForm(forms: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const complete = forms.filter((issues) => !issues.some(isMissing));
  return (complete.length > 0 ? complete : forms).reduce((a, b) => (b.length < a.length ? b : a));
}

function problemsOf(issue: z.core.$ZodIssue, place: PlaceOf): Problem[] {
  if (issue.code === 'invalid_union' && issue.message === NO_FORM) {
    return meantForm(issue.errors).flatMap((inner) =>
      problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, place),
    );
  }
  const at = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = keysIn(issue.path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      const full = (k: string) => [...issue.path, k].join('.');
      return {
        severity: 'error',
        ...place([...issue.path, key]),
        message: `unknown key '${full(key)}'`,
        remedy: near === undefined ? `Keys here: ${known.join(', ')}` : `Did you mean '${full(near)}'?`,
      };
    });
  }
  const words = isMissing(issue)
    ? { message: `the key '${at}' is missing`, remedy: 'Add it' }
    : (wordsOf(issue.message) ?? { message: `'${at}': ${issue.message}`, remedy: 'Correct the value' });
  return [{ severity: 'error', ...place(issue.path), ...words }];
}

/** Sets `a.b.c` of nested plain objects, replacing what is no object on the way; null takes the key away. */
function setAt(object: Plain, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length > 0) {
    const inner = object[key];
    const section = isPlain(inner) ? inner : {};
    object[key] = section;
    setAt(section, rest, value);
  } else if (value === null) Reflect.deleteProperty(object, key);
  else object[key] = value;
}

const PATHS: ReadonlySet<string> = new Set(CONFIG_KEYS.flatMap(({ key, isPath }) => (isPath ? [key] : [])));

function overrideValue(key: string, value: Json): unknown {
  if (!PATHS.has(key)) return typeof value === 'string' ? fromYaml(key, value) : value;
  if (typeof value !== 'string') return Array.isArray(value) ? value.map(absolute('.')) : value;
  if (value === 'null') return null;
  return value.startsWith('[') ? overrideValue(key, fromYaml(key, value)) : resolve(value);
}

function fromYaml(key: string, value: string): Json {
  try {
    return parseYaml(value) as Json;
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new InputError(`--set ${key}=${value}: the value is not valid YAML; quote it`);
    throw error;
  }
}

/** A path from a folder; what is no text stays as it is. */
const absolute = (folder: string) => (value: unknown) => (typeof value === 'string' ? resolve(folder, value) : value);

function withAbsolutePaths(config: Config, folder: string): Config {
  const base = resolve(folder, config.data ?? '.');
  const copy = structuredClone(config);
  if (copy.data !== undefined) copy.data = base;
  for (const key of PATHS) {
    const names = key.split('.');
    const value = names.reduce<unknown>((at, name) => (isPlain(at) ? at[name] : undefined), copy);
    if (value === undefined) continue;
    setAt(copy, names, Array.isArray(value) ? value.map(absolute(base)) : absolute(base)(value));
  }
  return copy;
}
