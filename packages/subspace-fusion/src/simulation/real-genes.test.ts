import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCohort } from '../cohort/load.js';
import { loadConfig } from '../config/config.js';
import { InputError } from '../files/errors.js';
import { key, normal } from '../random/counter.js';
import { cohorts } from '../testing/data.js';
import { simulateBagsForCohort } from './real-genes.js';

const PATIENTS = ['P-1', 'P-2', 'P-3', 'P-4', 'P-5', 'P-6'];
const SETS = { TUMOUR: ['A1', 'A2', 'A3', 'A4'], MICROENVIRONMENT: ['B1', 'B2', 'B3'] };
const GENES = [...SETS.TUMOUR, ...SETS.MICROENVIRONMENT, 'OUTSIDE'];

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'real-genes-'))));
afterAll(() => rm(folder, { recursive: true }));

interface Changes {
  readonly months?: string;
  readonly outside?: number;
  readonly a1?: number;
  readonly permuteBags?: boolean;
}

/** Writes a small "real" cohort, simulates its bags and returns their bytes, patient by patient. */
async function bagsOf(
  name: string,
  { months = '10', outside = 0, a1 = 0, permuteBags = false }: Changes = {},
): Promise<Buffer[]> {
  const file = (suffix: string) => join(folder, `${name}.${suffix}`);
  const shift = (gene: string, p: number) => (p === 0 ? (gene === 'OUTSIDE' ? outside : gene === 'A1' ? a1 : 0) : 0);
  const row = (gene: string, g: number) =>
    [gene, ...PATIENTS.map((_, p) => normal(key(1, g), p) + shift(gene, p))].join(',');
  await writeFile(file('expression.csv'), `${['gene,' + PATIENTS.join(','), ...GENES.map(row)].join('\n')}\n`);
  await writeFile(
    file('clinical.csv'),
    `patient_id,survival_months,event\n${PATIENTS.map((id) => `${id},${months},1\n`).join('')}`,
  );
  await writeFile(
    file('gmt'),
    Object.entries(SETS)
      .map(([set, genes]) => `${set}\tsource\t${genes.join('\t')}\n`)
      .join(''),
  );
  const out = join(folder, name);
  await simulateBagsForCohort({
    expression: file('expression.csv'),
    clinical: file('clinical.csv'),
    geneSets: file('gmt'),
    out,
    bag: 36,
    width: 16,
    permuteBags,
  });
  return Promise.all(PATIENTS.map((id) => readFile(join(out, 'bags', `${id}-DX1.h5`))));
}

describe('bags simulated from real genes', () => {
  it('follow the genes of the model, and neither outcomes nor other genes', async () => {
    const bags = await bagsOf('base');
    expect(await bagsOf('outcomes', { months: '99' })).toEqual(bags);
    expect(await bagsOf('outside', { outside: 3 })).toEqual(bags);
    const changed = await bagsOf('inside', { a1: 3 });
    expect(changed[0].equals(bags[0])).toBe(false);
  });

  it('of the control belong to another patient each', async () => {
    const [bags, permuted] = [await bagsOf('base'), await bagsOf('permuted', { permuteBags: true })];
    const { patients } = JSON.parse(await readFile(join(folder, 'permuted', 'truth.json'), 'utf8')) as {
      patients: { id: string; bagOf: string }[];
    };
    expect(patients.map(({ bagOf }) => bagOf).sort()).toEqual(PATIENTS);
    for (const { id, bagOf } of patients) expect(bagOf).not.toBe(id);
    // Noise and layout belong to the slot, what is drawn belongs to the donor.
    const kept = patients.filter((_, i) => permuted[i].equals(bags[i]));
    expect(kept).toEqual([]);
  });

  it('come with a config that loads', async () => {
    await bagsOf('base');
    const config = await loadConfig(join(folder, 'base', 'cohort.yaml'));
    expect(config.expression.transform).toBe('none');
    const { cohort } = await loadCohort(config);
    expect(cohort.patients.map(({ id }) => id)).toEqual(PATIENTS);
  });

  it('are refused where a set has no genes in the matrix', async () => {
    await bagsOf('base');
    await writeFile(join(folder, 'few.gmt'), 'TUMOUR\tx\tA1\nMICROENVIRONMENT\tx\tB1\tB2\tB3\n');
    const files = { expression: join(folder, 'base.expression.csv'), clinical: join(folder, 'base.clinical.csv') };
    await expect(
      simulateBagsForCohort({ ...files, geneSets: join(folder, 'few.gmt'), out: join(folder, 'few') }),
    ).rejects.toThrow(InputError);
  });

  it('do not follow genes whose floor gives a study away', async () => {
    // B1 and B4 have a floor, which differs between the studies in B1 alone.
    const floor = (gene: number, p: number) => (gene === 0 && p >= 10 ? -2 : -1);
    const write = async (name: string, b1: number) => {
      const ids = Array.from({ length: 20 }, (_, p) => `P-${p}`);
      const value = (set: string, g: number, p: number) =>
        set === 'B' && g % 3 === 0 && p % 3 === 0
          ? floor(g, p)
          : Math.abs(normal(key(2, g), p)) + (p === 1 && set === 'B' && g === 0 ? b1 : 0);
      const rows = ['A', 'B'].flatMap((set) =>
        [0, 1, 2, 3].map((g) => [`${set}${g + 1}`, ...ids.map((_, p) => value(set, g, p))].join(',')),
      );
      const file = (suffix: string) => join(folder, `${name}.${suffix}`);
      await writeFile(file('expression.csv'), `${['gene,' + ids.join(','), ...rows].join('\n')}\n`);
      await writeFile(
        file('clinical.csv'),
        `patient_id,study\n${ids.map((id, p) => `${id},${p < 10 ? 'one' : 'two'}\n`).join('')}`,
      );
      await writeFile(file('gmt'), 'TUMOUR\tx\tA1\tA2\tA3\tA4\nMICROENVIRONMENT\tx\tB1\tB2\tB3\tB4\n');
      const files = { expression: file('expression.csv'), clinical: file('clinical.csv'), geneSets: file('gmt') };
      await simulateBagsForCohort({ ...files, leaveOutFloorsBy: 'study', out: join(folder, name), bag: 36, width: 16 });
      return readFile(join(folder, name, 'bags', 'P-1-DX1.h5'));
    };
    expect(await write('floors-1', 5)).toEqual(await write('floors-0', 0));
  });
});

const PATIENTS_IN = { TCGA: 569, invented: 520 };

describe.each(cohorts)('with glioma tables ($cohort)', ({ cohort, folder: DATA }) => {
  it(`gives each of the ${PATIENTS_IN[cohort]} patients a bag and a place in the published folds`, async () => {
    const tables = join(DATA, 'tcga-gbmlgg');
    const { config, patients } = await simulateBagsForCohort({
      expression: join(tables, 'expression.csv.gz'),
      clinical: join(tables, 'clinical.csv'),
      geneSets: join(DATA, 'gene-sets', 'glioma-subspaces.tcga1544.gmt'),
      leaveOutFloorsBy: 'study',
      folds: join(tables, 'folds.csv'),
      out: join(folder, cohort),
      bag: 36,
      width: 4,
    });
    expect(patients).toBe(PATIENTS_IN[cohort]);
    const { split, expression } = await loadConfig(config);
    expect(split).toMatchObject({ fold: 0 });
    expect(expression).toMatchObject({ transform: 'none', leaveOutFloorsBy: 'study' });
  });
});
