import { z } from 'zod';
import { CONFIG_KEYS, isSection, type ConfigKey } from './keys.js';
import { schema } from './schema.js';
import { isPath } from './values.js';

/** The config as a JSON Schema, with which an editor completes and checks its keys. */
export function configJsonSchema(): string {
  const title = 'A cohort of Subspace Fusion';
  return `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }) }, null, 2)}\n`;
}

type Json = z.core.JSONSchema.BaseSchema;

/** Every key of the config, with its type, its default and what it does, as Markdown: a table for each section. */
export function configReference(): string {
  const sections = CONFIG_KEYS.filter(isSection);
  const inSection = ({ key }: ConfigKey) => CONFIG_KEYS.filter((other) => other.key.startsWith(`${key}.`));
  const alone = CONFIG_KEYS.filter((key) => !isSection(key) && !key.key.includes('.'));
  return [
    '# Keys of the config',
    `This page is made from the schema by \`npm run docs\`. [formats.md](formats.md#cohortyaml) shows whole configs and explains the files
that they name. Only what is marked as required must be written.`,
    table(alone),
    ...sections.flatMap((section) => [`## ${section.key}`, section.description, table(inSection(section))]),
  ]
    .map((part) => `${part}\n`)
    .join('\n');
}

const code = (value: unknown) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

const table = (keys: readonly ConfigKey[]) =>
  ['| key | type | default | what it does |', '| --- | --- | --- | --- |', ...keys.map(row)].join('\n');

function row({ key, schema, description, required, default: byDefault }: ConfigKey): string {
  const standing = required ? 'required' : byDefault === undefined ? '' : code(byDefault);
  return `| \`${key}\` | ${typeOf(schema)} | ${standing} | ${description} |`;
}

function typeOf(schema: z.core.$ZodType): string {
  return words(
    z.toJSONSchema(schema, {
      io: 'input',
      override: ({ zodSchema, jsonSchema }) => {
        if (isPath(zodSchema)) jsonSchema.format = 'path';
      },
    }),
  );
}

const either = (parts: readonly string[]) =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} or ${parts.slice(-1).join('')}`;

const alternatives = (json: Json): string[] =>
  json.anyOf ? json.anyOf.flatMap(alternatives) : json.enum ? json.enum.map(code) : [words(json)];

function words(json: Json): string {
  if (json.anyOf || json.enum) return either([...new Set(alternatives(json))]);
  if (json.const !== undefined) return code(json.const);
  switch (json.type) {
    case 'array':
      return `list of: ${words(json.items as Json)}`;
    case 'object':
      return json.properties
        ? `\`{${Object.keys(json.properties).join(', ')}}\``
        : `a text for each of ${words(json.propertyNames as Json).replace(/ or /, ', ')}`;
    case 'integer':
    case 'number':
      return `${json.type === 'integer' ? 'whole number' : 'number'}${range(json)}`;
    default:
      return json.format === 'path' ? 'path' : json.type === 'boolean' ? 'true or false' : 'text';
  }
}

function range({ type, minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Json): string {
  const ends = [
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    // Above 0 is from 1 for whole numbers.
    ...(typeof exclusiveMinimum !== 'number'
      ? []
      : [type === 'integer' ? `from ${exclusiveMinimum + 1}` : `above ${exclusiveMinimum}`]),
    ...(exclusiveMaximum === undefined ? [] : [`below ${exclusiveMaximum}`]),
    // Any whole number has this limit.
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? [] : [`at most ${maximum}`]),
  ];
  return ends.length === 0 ? '' : ` ${ends.join(' and ')}`;
}
