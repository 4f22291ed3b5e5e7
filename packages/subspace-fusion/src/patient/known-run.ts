import { z } from 'zod';
import { count, EXPRESSION_FORMATS, MOST, STAR_COLUMNS } from '../config/values.js';
import { readJson, type Stored } from '../files/json.js';
import type { Parameters } from '../model/layers.js';
import { RUN_FILES, type Run } from '../runs/open-run.js';
import type { ReadingRun } from './input.js';
import type { KnownOfRun } from './prediction.js';

/** What of a run a prediction takes: its model, how it reads expression, and by what its predictions are judged. */
export interface KnownRun extends ReadingRun, KnownOfRun {
  readonly parameters: Parameters;
}

/** @throws InputError for a file of the run that is missing, not whole, or of another run */
export async function knownRun(run: Run): Promise<KnownRun> {
  const { parameters } = await run.checkpoint();
  return {
    name: run.name,
    model: run.model,
    parameters,
    expression: (await settingsOf(run)).expression,
    confidence: await run.confidence(),
    tested: (await run.predictions()) ?? [],
    riskCut: (await run.result())?.riskGroups?.cut,
  };
}

/** Of a config, what decides how a patient is predicted: a page is given no more than that. */
const settings = z.object({
  provider: z.enum(['cpu', 'webgpu', 'cuda']).optional(),
  training: z.object({ threads: count(MOST.threads).optional() }).default({}),
  expression: z.object({
    format: z.enum(EXPRESSION_FORMATS).optional(),
    column: z.enum(STAR_COLUMNS).optional(),
    geneMap: z.string().optional(),
    samples: z.string().optional(),
  }),
});
export type Settings = Stored<typeof settings>;

/** What a run's config says of prediction; nothing without a config. */
export async function settingsOf({ store }: Run): Promise<Settings> {
  const source = await store.open(RUN_FILES.config);
  if (!source) return { training: {}, expression: {} };
  try {
    return await readJson(source, settings);
  } finally {
    await source.close();
  }
}
