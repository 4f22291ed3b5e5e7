import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { badInput, InputError, type Problem } from '../files/errors.js';
import { wrongValue } from '../files/schema-words.js';
import { nearest } from '../files/text.js';
import { CONFIG_KEYS, keysIn } from './keys.js';
import { schema, type Config, type ConfigInput } from './schema.js';
import { NO_FORM, wordsOf } from './values.js';
import { readYaml } from './yaml.js';

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
 * @param changes values of keys as if they were written in the config; null takes a key away
 * @throws {InputError} naming every unknown, missing or wrong key at once, an unknown one with the nearest known.
 */
export function parseConfig(
  text: string,
  path: string,
  overrides: Overrides = {},
  changes: Readonly<Record<string, unknown>> = {},
): Config {
  const { value, rowOf } = readYaml(text, path);
  const config = value ?? {};
  if (!isPlain(config))
    throw badInput({ file: path, message: 'the config is not a list of keys', remedy: 'Write key: value lines' });
  for (const [key, value] of Object.entries(changes)) setAt(config, key.split('.'), value);
  for (const [key, value] of Object.entries(overrides)) setAt(config, key.split('.'), overrideValue(key, value));
  const isOverridden = (at: readonly PropertyKey[]) =>
    at.some((_, i) => Object.hasOwn(overrides, at.slice(0, i + 1).join('.')));
  return checked(config, dirname(path), (at) =>
    isOverridden(at) ? { file: '--set' } : { file: path, row: rowOf(at) },
  );
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
    : (wordsOf(issue.message) ?? wrongValue(issue, at));
  return [{ severity: 'error', ...place(issue.path), ...words }];
}

/** Sets `a.b.c` of nested plain objects, replacing what is no object on the way; null takes the key away. */
function setAt(object: Plain, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (key === '__proto__') throw new InputError("'__proto__' cannot be a name. Choose another name.");
  if (rest.length > 0) {
    const inner = Object.hasOwn(object, key) ? object[key] : undefined;
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
  return value.startsWith('[') ? overrideValue(key, fromYaml(key, value) as Json) : resolve(value);
}

const fromYaml = (key: string, value: string): unknown =>
  readYaml(value, `--set ${key}=${value}`, { hasRows: false }).value;

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
