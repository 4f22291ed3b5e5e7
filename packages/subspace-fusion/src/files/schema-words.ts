import type { z } from 'zod';
import { nearest } from './text.js';

/** What a schema finds wrong with a value, in words for the person who wrote it. */

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'keys with values',
  record: 'keys with values',
  null: 'null',
};

/** What the value should be. */
export function expected(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.map(String).join(' or ');
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options)
        ? issue.options.map(String).join(' or ')
        : 'something else';
    case 'unrecognized_keys':
      return `without ${issue.keys.join(', ')}`;
    default:
      return 'of another form';
  }
}

/** The value in a few words. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return 'a group of keys';
  return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
}

interface Words {
  readonly message: string;
  readonly remedy: string;
}

/** Whether a message is the schema library's own rather than one of ours. */
const isLibrarys = (message: string): boolean => /^(Invalid|Too (small|big)|Unrecognized|Unexpected)\b/.test(message);

/**
 * What is wrong with the value of a key that a person wrote, and what to write.
 * @param issue of a schema that was asked to report the input
 */
export function wrongValue(issue: Issue, key: string): Words {
  const own = issue.code === 'invalid_key' ? issue.issues.at(0)?.message : issue.message;
  if (own !== undefined && !isLibrarys(own)) return { message: `'${key}': ${own}`, remedy: 'Correct the value' };
  const is = `'${key}' is ${describe(issue.input)}`;
  switch (issue.code) {
    case 'too_small':
    case 'too_big': {
      const isSmall = issue.code === 'too_small';
      if (issue.origin !== 'number' && issue.origin !== 'int')
        return { message: `'${key}' is ${isSmall ? 'empty or too short' : 'too long'}`, remedy: 'Correct the value' };
      const limit = String(isSmall ? issue.minimum : issue.maximum);
      const [extreme, beyond] = isSmall ? ['smallest', 'above'] : ['largest', 'below'];
      return {
        message: `'${key}' is too ${isSmall ? 'small' : 'large'}${typeof issue.input === 'number' ? ` (${issue.input})` : ''}`,
        remedy: issue.inclusive ? `The ${extreme} value allowed is ${limit}` : `It must be ${beyond} ${limit}`,
      };
    }
    case 'invalid_value': {
      const values = issue.values.map(String);
      const near = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined;
      const remedy = near === undefined ? `It may be ${listed(values)}` : `Did you mean '${near}'?`;
      return { message: `${is}, which is not known here`, remedy };
    }
    case 'invalid_type':
      return { message: `${is}, and should be ${expected(issue)}`, remedy: typeRemedy(issue.input, issue.expected) };
    default:
      return { message: `${is}, which does not fit here`, remedy: 'See docs/config.md' };
  }
}

function typeRemedy(input: unknown, kind: string): string {
  if (kind === 'number' && typeof input === 'string' && /^-?\d+,\d+$/.test(input))
    return 'Write decimals with a point: 0.5 rather than 0,5';
  return kind === 'array' && !Array.isArray(input) ? 'Put it in brackets: [a, b]' : 'Correct the value';
}

const listed = (values: readonly string[]): string =>
  values.length < 2 ? values.join() : `${values.slice(0, -1).join(', ')} or ${values.slice(-1).join()}`;
