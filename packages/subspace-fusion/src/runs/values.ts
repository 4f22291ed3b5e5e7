import { z } from 'zod';
import type { Stored } from '../files/json.js';
import type { Estimate, Metric, Refusal } from '../metrics/bootstrap.js';

/** Kinds of values that several files of a run have. */

/** JSON has no NaN and no infinity; a writer leaves null for them. */
export const number = z.union([z.number(), z.null().transform(() => NaN)], { error: 'a number' });
export const numbers = z.array(z.number());
export const texts = z.array(z.string());
export const count = z.int().nonnegative();

/** The version of a file's form. Files that were written before there was one have none. */
export const format = z.literal(1).optional().describe('Form of the file; 1, where it is absent');

export const TIME_UNITS = ['days', 'months', 'years'] as const;

const estimate = z.object({
  name: z.string(),
  value: number,
  estimator: z.string(),
  ties: z.string(),
  n: count,
  events: count.optional(),
  comparablePairs: count.optional(),
  note: z.string().optional(),
  shares: z.array(z.object({ right: number, of: number })).optional(),
  sides: z.object({ cases: number, others: number, borrowed: number }).optional(),
  low: number.optional(),
  high: number.optional(),
  interval: z.string().optional(),
  resamples: count.optional(),
  refusedResamples: count.optional(),
  noInterval: z.string().optional(),
});
const refusal = z.object({ name: z.string(), value: z.null(), reason: z.string() });

/** A metric that carries its name. */
export const metric = z.union([refusal, estimate satisfies z.ZodType<Estimate>]) satisfies z.ZodType<Metric>;
/** A metric that stands under its name: `{value, low, high, n, …}`, or `{value: null, reason}`. */
export const unnamedMetric = z.union([
  refusal.omit({ name: true }) satisfies z.ZodType<Omit<Refusal, 'name'>>,
  estimate.omit({ name: true }),
]);
export const namedMetrics = z.record(z.string(), unnamedMetric);

/** Metrics by their names, as `result.json` holds them. */
export type NamedMetrics = Stored<typeof namedMetrics>;
