import { z } from 'zod';
import { schema } from './schema.js';
import { isPath } from './values.js';

type Schema = z.core.$ZodType;

/** A key of the config. */
export interface ConfigKey {
  /** `training.epochs` */
  readonly key: string;
  /** Schema of its value, without what makes it optional. */
  readonly schema: Schema;
  readonly description: string;
  readonly required: boolean;
  /** What it is where it is not written; undefined where nothing takes its place. */
  readonly default: unknown;
  /** Whether it holds a path, or several. */
  readonly isPath: boolean;
}

/** A schema without what makes it optional or changes what was parsed. */
function unwrapped(given: Schema): Pick<ConfigKey, 'schema' | 'required' | 'default'> {
  if (given instanceof z.ZodDefault || given instanceof z.ZodPrefault)
    return { schema: unwrapped(given.unwrap()).schema, required: false, default: given.def.defaultValue };
  if (given instanceof z.ZodOptional) return { ...unwrapped(given.unwrap()), required: false };
  if (given instanceof z.ZodPipe) return unwrapped(given.in);
  return { schema: given, required: true, default: undefined };
}

const isExcluded = (value: Schema): boolean => unwrapped(value).schema instanceof z.ZodNever;

/** Keys of a section, of all of its forms where it has several; undefined of a value that is no section. */
function shapeOf(section: Schema): Readonly<Record<string, Schema>> | undefined {
  if (section instanceof z.ZodObject) return section.shape;
  if (!(section instanceof z.ZodUnion)) return undefined;
  const shape: Record<string, Schema> = {};
  for (const form of section.options) {
    if (!(form instanceof z.ZodObject)) return undefined;
    for (const [key, value] of Object.entries<Schema>(form.shape)) {
      // What another form excludes is not required.
      if (!(key in shape) || isExcluded(shape[key])) shape[key] = z.optional(value);
    }
  }
  return shape;
}

const describe = (value: Schema): string => {
  for (let at = value; ;) {
    const description = z.globalRegistry.get(at)?.description;
    if (description !== undefined) return description;
    if (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional) at = at.unwrap();
    else return '';
  }
};

function holdsPath(value: Schema): boolean {
  if (value instanceof z.ZodArray) return holdsPath(value.element);
  if (value instanceof z.ZodUnion) return value.options.some(holdsPath);
  return isPath(value);
}

function keysOf(section: Readonly<Record<string, Schema>>, prefix = ''): ConfigKey[] {
  return Object.entries(section).flatMap(([name, value]) => {
    const key = prefix + name;
    const inner = unwrapped(value);
    const own = { key, description: describe(value), isPath: holdsPath(inner.schema), ...inner };
    return [own, ...keysOf(shapeOf(inner.schema) ?? {}, `${key}.`)];
  });
}

/** All keys, a section before its own. */
export const CONFIG_KEYS: readonly ConfigKey[] = keysOf(schema.shape);

/** Whether a key is a section, which holds others. */
export const isSection = ({ schema }: ConfigKey): boolean => shapeOf(schema) !== undefined;

/** Names of the keys in a section, or of the sections and keys at the top. */
export function keysIn(section: readonly PropertyKey[]): string[] {
  const prefix = section.map((name) => `${String(name)}.`).join('');
  return CONFIG_KEYS.flatMap(({ key }) => {
    const name = key.startsWith(prefix) ? key.slice(prefix.length) : '.';
    return name.includes('.') ? [] : [name];
  });
}
