import { z } from 'zod';

export const name = z.string().min(1);
export const count = z.int().positive();
export const fraction = z.number().gt(0).lt(1);
export const share = z.number().min(0).lt(1);
export const seed = z.int().nonnegative();

/** Marks the schemas of {@link path}. */
const PATHS = z.registry<{ readonly isPath: true }>();
/** A path. {@link parseConfig} makes it absolute: relative ones start at the config's folder, or at its `data` folder. */
export const path = () => z.string().min(1).register(PATHS, { isPath: true });
export const isPath = (schema: z.core.$ZodType): boolean => PATHS.get(schema) !== undefined;

/** What is wrong and what to do about it, as one message of the schema; {@link wordsOf} takes it apart. */
export const says = (message: string, remedy: string) => `${message}\n${remedy}`;
/** Message and remedy of the schema's own words; undefined for zod's, which are about the value of one key. */
export function wordsOf(text: string): { message: string; remedy: string } | undefined {
  const end = text.indexOf('\n');
  return end < 0 ? undefined : { message: text.slice(0, end), remedy: text.slice(end + 1) };
}

/** A key that a form of a section does not have. Its type is undefined, so that the key tells the forms apart. */
export const excluded = (message: string, remedy = 'Take one of them away') =>
  z.never({ error: says(message, remedy) }).optional();

/** A key that would make it another form. */
export const elsewhere = z.never().optional();

/** The message of a union whose errors are those of the form that the user meant. */
export const NO_FORM = 'no form of the section fits';

/** Text of a cell; YAML reads 1 and true as no text. */
export const cell = z.union([name, z.number(), z.boolean()]).transform(String);
export const column = z.strictObject({ column: name.describe('Clinical column.') });
/** One path or several, as a list. */
export const paths = z
  .union([path(), z.array(path()).min(1)], {
    error: ({ input }) => (input === undefined ? undefined : 'expected a path, or a list of paths'),
  })
  .transform((given) => (typeof given === 'string' ? [given] : given));
