import { mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openPseudonyms } from '../files/pseudonyms.js';
import { defined } from '../testing/defined.js';
import { explainedPatient } from './explained.test.data.js';
import { renderModelCard } from './model-card.js';
import { renderReport } from './report.js';
import { diagnosisRun, sampleReport, survivalRun } from './sample.test.data.js';
import type { ReportInput, SurvivalPredictions } from './types.js';
import { pseudonymised, withoutMachine } from './withheld.js';

/** A report that names folders and patients wherever it can. */
function telling(patients: readonly string[]): ReportInput {
  const survival = survivalRun();
  const predictions = survival.predictions as SurvivalPredictions;
  const rows = patients.map((patient, i) => ({ ...predictions.rows[i], patient }));
  return {
    ...sampleReport(),
    description: `Slides of ${patients[0]} lie in /home/Jane Doe/my slides/bags/x.h5; see C:\\Users\\Jane Doe\\genes.gmt and ${homedir()}/notes.txt or ${tmpdir()}/x`,
    runs: [
      {
        ...survival,
        config: {
          clinical: { file: '/home/Jane Doe/my slides/clinical.csv' },
          geneSets: { file: 'C:\\Users\\Jane Doe\\genes.gmt' },
          note: `without ${patients[1]}`,
        },
        predictions: { ...predictions, rows },
        patients: { reason: '/home/Jane Doe/my slides/clinical.csv: not found' },
        explanations: { patients: [explainedPatient(patients[0])], notShown: 0 },
      },
      diagnosisRun(),
    ],
  };
}

const PATIENTS = ['TCGA-02-0001', 'TCGA-02-0003', '17'];

describe('no folder of the machine', () => {
  it.each([
    ['page', renderReport],
    ['model card', renderModelCard],
  ])('is in the %s', (_, render) => {
    const text = render(telling(PATIENTS));
    for (const folder of [
      'Jane',
      'Doe',
      'my slides',
      'Users\\',
      '/home',
      '/mnt',
      '/bags',
      homedir() + '/',
      tmpdir() + '/',
    ])
      expect(text, folder).not.toContain(folder);
  });

  it('files keep their names', () => {
    const {
      runs: [run],
      description,
    } = withoutMachine(telling(PATIENTS));
    expect(run.config).toMatchObject({ clinical: { file: 'clinical.csv' }, geneSets: { file: 'genes.gmt' } });
    expect(run.patients).toEqual({ reason: 'clinical.csv: not found' });
    expect(description).toBe('Slides of TCGA-02-0001 lie in x.h5; see genes.gmt and notes.txt or x');
  });

  it('leaves pictures as they are', () => {
    const [before, after] = [telling(PATIENTS), withoutMachine(telling(PATIENTS))].map(
      ({ runs: [run] }) => defined(run.explanations.patients[0].thumbnails[0]).href,
    );
    expect(after).toBe(before);
  });
});

describe('pseudonyms', () => {
  it('stand for patients in tables, texts and drawings, and slides are numbered', async () => {
    const input = telling(PATIENTS);
    const key = join(mkdtempSync(join(tmpdir(), 'withheld-')), 'key.json');
    const codes = await openPseudonyms(
      key,
      input.runs.flatMap((run) => run.predictions.rows.map(({ patient }) => patient)),
    );
    const page = renderReport(pseudonymised(input, codes));
    expect(renderReport(input)).toMatch(/TCGA-02-0001-DX1\.a1b2c3/);
    expect(page).not.toMatch(/TCGA|a1b2c3|data:image/);
    expect(page).toContain(`Patient ${codes.codeOf('TCGA-02-0001')}`);
    expect(page).toContain(`${codes.codeOf('TCGA-02-0001')}, slide 1`);
    expect(page).toContain('Patients stand under codes');
    expect(renderModelCard(pseudonymised(input, codes))).not.toContain('TCGA');
  });
});
