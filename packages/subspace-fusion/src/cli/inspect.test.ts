import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { simulateCohort } from '../simulation/cohort.js';
import { cohorts } from '../testing/data.js';
import { defined } from '../testing/defined.js';
import { defineInspect } from './inspect.js';

async function inspect(...arguments_: string[]): Promise<{ text: string; code: typeof process.exitCode }> {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const program = new Command();
  defineInspect(program.command('inspect'));
  await program.parseAsync(['inspect', ...arguments_], { from: 'user' });
  return { text: log.mock.calls.flat().join('\n'), code: process.exitCode };
}

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

/** What it finds: genes, patients, patches a slide, genes of the sets with floors. */
const FOUND = { TCGA: [1544, 569, '373 to 711', 66], invented: [70, 520, '47 to 61', 6] };

describe.each(cohorts)('subspace inspect ($cohort)', ({ cohort, folder: DATA }) => {
  const [genes, patients, patches, floors] = FOUND[cohort] as [number, number, string, number];
  const config = join(mkdtempSync(join(tmpdir(), 'inspect-')), 'cohort.yaml');
  writeFileSync(
    config,
    `name: tcga
data: ${resolve(DATA)}
clinical: {file: tcga-gbmlgg/clinical.csv, time: survival_months, event: event}
expression: {file: tcga-gbmlgg/expression.csv.gz}
geneSets: {file: gene-sets/glioma-subspaces.tcga1544.gmt}
features: {folder: features, slides: tcga-gbmlgg/slides.csv}
split: {test: 0.3, validation: 0.3}
`,
  );

  it('prints what was found and exits well with warnings only', async () => {
    const { text, code } = await inspect(config);
    expect(code).toBeUndefined();
    expect(text).toMatch(new RegExp(`expression +${genes} genes, ${patients} of these patients`));
    expect(text).toContain(`${patches} patches a slide`);
    expect(text).toContain(`${floors} of them in the gene sets`);
    expect(text).toContain(`${patients - 3} of ${patients} patients have no slide`);
    expect(text).toMatch(/values -[\d.]{1,7} to [\d.]{1,7}, they look like z-scores/);
    expect(text).toMatch(/split +1 patients to train, 1 to validate, 1 to test/);
  });

  it('prints JSON and exits with 2 where something is wrong', async () => {
    const { text, code } = await inspect('--json', '--set', 'task=diagnosis', '--set', 'geneSets.tumour=TUMOR', config);
    expect(code).toBe(2);
    const inspection = JSON.parse(text) as { task: unknown; problems: { message: string; remedy: string }[] };
    expect(inspection.task).toEqual({
      task: 'diagnosis',
      classes: { glioblastoma: 1, 'astrocytoma, grade 2-3': 1, 'astrocytoma, grade 4': 1 },
      unlabelled: {},
    });
    expect(defined(inspection.problems.find(({ message }) => message.includes("'TUMOR'"))).remedy).toBe(
      "Did you mean 'TUMOUR'?",
    );
  });
});

describe('subspace inspect --beside', () => {
  it('warns where the expression of another cohort is on another scale', async () => {
    const out = mkdtempSync(join(tmpdir(), 'beside-'));
    const { config } = await simulateCohort({ out, patients: 40, bag: 64, width: 8, population: 50 });
    const ranked = join(out, 'ranked.yaml');
    writeFileSync(
      ranked,
      readFileSync(config, 'utf8')
        .replace('transform: log2p1', 'transform: rank')
        .replace(/^name: .*/, 'name: ranked'),
    );
    expect((await inspect(config, '--beside', config)).text).toMatch(/the expression of both is on one scale\.$/);
    expect((await inspect(config, '--beside', ranked)).text).toMatch(
      /Beside ranked: 1 warning\n.*the transform of 'ranked' is 'rank'/,
    );
  });
});
