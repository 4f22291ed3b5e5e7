import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadConfig, type Config } from '../config/config.js';
import { normal, uniform } from '../random/counter.js';
import { applyGeneScaling, fitSubspaceScaling, scaleSubspaces } from '../runs/scaling.js';
import { cohorts } from '../testing/data.js';
import { defined } from '../testing/defined.js';
import { hashInputs } from './cohort-files.js';
import { chooseGenes } from './genes/choose.js';
import { inspectCohort } from './inspect.js';
import { loadCohort, loadExternalCohort } from './load.js';
import { makeCohort, type MadeCohort } from './made-cohort.test.helper.js';
import { newFolder, write, writeBag } from './made-files.test.helper.js';
import { makeSplit, strataOf } from './split/split.js';
import type { Cohort, Expression } from './types.js';

const GENES = ['A', 'B', 'C', 'D'];
const N = 12;
const tpm = (patient: number, gene: number) => Math.round(1000 * 2 ** (3 + gene + normal(gene + 1, patient))) / 1000;

/** Patients `from` … `from + N − 1` of one made population, whose expression is TPM. */
function part(name: string, from: number, given: Partial<MadeCohort> = {}): MadeCohort {
  const patients = Array.from({ length: N }, (_, i) => from + i);
  return {
    name,
    clinical: patients.map((p) => ({ patient_id: `P${p}`, time: 1 + p, event: p % 2, sex: p % 3 === 0 ? 'f' : 'm' })),
    expression: Object.fromEntries([...GENES, `only-${name}`].map((gene, g) => [gene, patients.map((p) => tpm(p, g))])),
    expressionConfig: 'transform: log2p1',
    ...given,
  };
}

const log2 = ({ expression }: MadeCohort) =>
  Object.fromEntries(Object.entries(expression).map(([gene, values]) => [gene, values.map((x) => Math.log2(1 + x))]));
const reversed = <T>(record: Readonly<Record<string, T>>) => Object.fromEntries(Object.entries(record).reverse());

/** A study of two cohorts in one folder; the second is `second`. */
async function study(second: Partial<MadeCohort> = {}, config = '', first: Partial<MadeCohort> = {}): Promise<Config> {
  const folder = newFolder();
  await makeCohort({ ...part('other', N, second), folder });
  return loadConfig(
    await makeCohort({
      ...part('own', 0, first),
      folder,
      config: `moreCohorts: [other.yaml]\n${config}${first.config ?? ''}`,
    }),
  );
}

const failure = (config: Config) =>
  loadCohort(config).then(
    () => 'loaded',
    (error: unknown) => (error as Error).message,
  );
const valueOf = ({ patients, genes, values }: Expression, id: string, gene: string) =>
  values[patients.indexOf(id) * genes.length + genes.indexOf(gene)];

describe('several cohorts in one study', () => {
  it('are one: patients know theirs, genes are found by name, each file after its own transform, times in one unit', async () => {
    const other = part('other', N);
    const days = other.clinical.map((row) => ({ ...row, time: Number(row['time']) * 30.4375 }));
    const config = await study({
      clinical: days,
      clinicalConfig: 'timeUnit: days',
      expression: reversed(log2(other)),
      expressionConfig: 'transform: none',
    });
    const { cohort, problems } = await loadCohort(config);
    expect(cohort.names).toEqual(['own', 'other']);
    expect(cohort.patients.map(({ id, cohort }) => `${id} ${cohort}`)).toEqual(
      Array.from({ length: 2 * N }, (_, p) => `P${p} ${p < N ? 'own' : 'other'}`),
    );
    for (let p = 0; p < 2 * N; p++) expect(defined(cohort.patients[p].survival).time).toBeCloseTo(1 + p, 10);
    expect(cohort.expression.genes).toEqual(GENES);
    for (let p = 0; p < 2 * N; p++)
      GENES.forEach((gene, g) =>
        expect(valueOf(cohort.expression, `P${p}`, gene)).toBeCloseTo(Math.log2(1 + tpm(p, g)), 5),
      );
    expect(problems.map(({ message }) => message).filter((message) => message.includes('all cohorts'))).toEqual([
      "1 of 5 genes of 'own' are not in all cohorts (only-own)",
      "1 of 5 genes of 'other' are not in all cohorts (only-other)",
    ]);
  });

  it('give the scaled genes of a single cohort of all patients, frozen on the training patients', async () => {
    const both = part('both', 0);
    const patients = Array.from({ length: 2 * N }, (_, p) => p);
    const whole = await loadConfig(
      await makeCohort({
        ...both,
        clinical: [...both.clinical, ...part('both', N).clinical],
        expression: Object.fromEntries(GENES.map((gene, g) => [gene, patients.map((p) => tpm(p, g))])),
      }),
    );
    const other = part('other', N);
    const divided = await study({ expression: reversed(log2(other)), expressionConfig: 'transform: none' });
    const training = ['P1', 'P3', 'P13', 'P15', 'P20'];
    const scaled = async (config: Config) => {
      const { cohort } = await loadCohort(config);
      return scaleSubspaces(
        fitSubspaceScaling(cohort, cohort.genes, training),
        cohort,
        cohort.patients.map(({ id }) => id),
      );
    };
    const [one, two] = [await scaled(whole), await scaled(divided)];
    for (const subspace of ['tumour', 'microenvironment'] as const) {
      expect(two[subspace]).toHaveLength(2 * N * 2);
      two[subspace].forEach((z, i) => expect(z).toBeCloseTo(one[subspace][i], 4));
    }
  });

  it('are refused where they cannot be one, naming both', async () => {
    expect(await failure({ ...(await study()), moreCohorts: ['/nowhere/other.yaml'] })).toMatch(
      /nowhere\/other\.yaml: the file does not exist/,
    );
    const ids = await failure(
      await study({
        clinical: part('x', 3).clinical,
        measured: part('x', 3).clinical.map((row) => String(row['patient_id'])),
      }),
    );
    expect(ids).toMatch(/other\.csv, row 2: 9 patients are in .*own\.csv too \(P3, P4, P5 and 6 more\)/);
    expect(await failure(await study({ expressionConfig: 'transform: rank' }))).toMatch(
      /other-expression\.csv: the transform of 'other' is 'rank', that of 'own' is 'log2p1': ranks and values do not mix/,
    );
    expect(await failure(await study({ width: 5 }))).toMatch(
      /other-bags \(other\): the features are 5 wide; those of .*own-bags \(own\) are 4 wide/,
    );
    expect(await failure(await study({ encoder: 'uni' }, '', { encoder: 'conch' }))).toMatch(
      /\(other\): the features are of encoder 'uni'|encoder 'uni'.*'conch'/,
    );
    expect(await failure(await study({ clinicalConfig: 'endpoint: PFI' }))).toMatch(
      /other\.csv: the endpoint is PFI \(event\), that of .*own\.csv is OS \(event\)/,
    );
    expect(await failure(await study({ config: 'moreCohorts: [own.yaml]\n' }))).toMatch(
      /other\.yaml: a config that 'moreCohorts' names has 'moreCohorts' itself/,
    );
    const foreign = Object.fromEntries(GENES.map((gene) => [`ENSG-${gene}`, part('other', N).expression[gene]]));
    expect(await failure(await study({ expression: foreign }))).toMatch(/no gene of 'own' is in all cohorts/);
    const renamed = await study();
    write(
      resolve(renamed.clinical.file, '..'),
      'other.yaml',
      readFileSync(defined(renamed.moreCohorts)[0], 'utf8').replace('name: other', 'name: own'),
    );
    expect(await failure(renamed)).toMatch(/other\.csv: there is another cohort of the name 'own'/);
  });

  it('are warned of where one is of another unit', async () => {
    const many = Array.from({ length: 25 }, (_, g) => `G${g}`);
    const expression = (from: number, factor: number) =>
      Object.fromEntries(
        [...GENES, ...many].map((gene, g) => [
          gene,
          Array.from({ length: N }, (_, i) => factor * tpm(from + i, g % 4)),
        ]),
      );
    const said = async (factor: number) =>
      (
        await loadCohort(await study({ expression: expression(N, factor) }, '', { expression: expression(0, 1) }))
      ).problems.map(({ message }) => message);
    expect(await said(16)).toContainEqual(
      expect.stringMatching(/^the typical gene of 'other' is [34]\.\d higher than in 'own' after the transform$/),
    );
    expect((await said(1)).filter((message) => message.includes('typical gene'))).toEqual([]);
  });

  it('need outcomes to learn only together', async () => {
    const alive = part('other', N).clinical.map((row) => ({ ...row, event: 0 }));
    expect((await loadCohort(await study({ clinical: alive }))).cohort.patients).toHaveLength(2 * N);
    const women = part('other', N).clinical.map((row) => ({ ...row, sex: 'f' }));
    expect((await loadCohort(await study({ clinical: women }, 'task: {column: sex}\n'))).cohort.patients).toHaveLength(
      2 * N,
    );
  });

  it('leave out genes whose floor gives a cohort away', async () => {
    const floored = (own: MadeCohort, floor: number) => ({
      ...own.expression,
      B: own.expression['B'].map((x, i) => (i % 2 === 0 ? floor : x)),
    });
    const config = await study({ expression: floored(part('other', N), 0.5) }, '', {
      expression: floored(part('own', 0), 0.25),
      expressionConfig: 'transform: log2p1, leaveOutFloorsBy: sex',
    });
    const { cohort } = await loadCohort(config);
    expect(chooseGenes(cohort, config, cohort.expression.patients, []).tumour).toEqual(['A']);
    expect(cohort.genes.tumour).toEqual(['A', 'B']);
  });

  it('are hashed with all their tables and configs', async () => {
    const config = await study();
    const before = await hashInputs(config);
    const folder = resolve(config.clinical.file, '..');
    write(folder, 'other.csv', readFileSync(join(folder, 'other.csv'), 'utf8') + 'P99,1,1,f\n');
    const after = await hashInputs(config);
    expect([after.clinical === before.clinical, after.expression === before.expression]).toEqual([false, true]);
    write(folder, 'other.yaml', readFileSync(join(folder, 'other.yaml'), 'utf8') + "include: ['sex=f']\n");
    expect((await hashInputs(config)).clinical).not.toBe(after.clinical);
  });

  it('are inspected one by one and together', async () => {
    const inspection = await inspectCohort(await study({ scanned: ['P12', 'P13', 'P14'] }));
    expect(inspection.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(inspection).toMatchObject({
      name: 'own',
      clinical: { patients: N },
      moreCohorts: [{ name: 'other', clinical: { patients: N }, flow: { patients: N, noSlides: N - 3, complete: 3 } }],
      joined: { patients: N + 3 },
      geneSets: [
        { inMatrix: 2, used: 2 },
        { inMatrix: 2, used: 2 },
      ],
      task: { patients: N + 3, endpoint: 'OS' },
    });
    expect(inspection.understood).toContain('moreCohorts:');
  });
});

describe('dividing several cohorts', () => {
  const split = async (config: Config) => {
    const { cohort } = await loadCohort(config);
    return { cohort, parts: await makeSplit(cohort.patients, strataOf(cohort.patients, config), config.split) };
  };
  const cohortsOf = ({ patients }: Cohort, ids: readonly string[]) =>
    ids.map((id) => defined(patients.find((patient) => patient.id === id)).cohort);

  it('tests on one and trains on the others', async () => {
    const { cohort, parts } = await split(await study({}, 'split: {testCohort: other, validation: 0.25}\n'));
    expect(parts.test).toHaveLength(N);
    expect(new Set(cohortsOf(cohort, parts.test))).toEqual(new Set(['other']));
    expect(new Set(cohortsOf(cohort, [...parts.train, ...parts.validation]))).toEqual(new Set(['own']));
    expect([parts.train.length, parts.validation.length]).toEqual([9, 3]);
    await expect(split(await study({}, 'split: {testCohort: ohter}\n'))).rejects.toThrow(
      /no cohort 'ohter' \(split\.testCohort\)\. Did you mean 'other'\?/,
    );
    await expect(split(await study({}, 'split: {testCohort: [own, other]}\n'))).rejects.toThrow(
      /none is left for the train part/,
    );
    await expect(study({}, 'split: {testCohort: other, folds: 3}\n')).rejects.toThrow(
      /'split\.testCohort' says who is tested/,
    );
  });

  it('keeps the part of each cohort in every part otherwise', async () => {
    const { cohort, parts } = await split(await study({}, 'split: {test: 0.25, validation: 0.25}\n'));
    for (const ids of Object.values(parts)) {
      const own = cohortsOf(cohort, ids).filter((name) => name === 'own').length;
      expect(2 * own).toBe(ids.length);
    }
  });
});

describe('scaling each cohort by itself', () => {
  it('takes a shift of a whole cohort away, is stated, and refuses a single patient', async () => {
    const shifted = Object.fromEntries(
      Object.entries(part('other', N).expression).map(([gene, values]) => [gene, values.map((x) => 8 * x + 7)]),
    );
    const config = await study({ expression: shifted }, '', { expressionConfig: 'transform: log2p1, scaling: cohort' });
    const { cohort, problems } = await loadCohort(config);
    expect(problems).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        message: expect.stringMatching(/hides batch effects and real differences.*no single patient/) as string,
      }),
    );
    const training = cohort.patients.slice(0, N).map(({ id }) => id);
    const everybody = cohort.patients.map(({ id }) => id);
    const scaling = fitSubspaceScaling(cohort, cohort.genes, training);
    expect(Object.keys(defined(scaling.tumour.cohorts))).toEqual(['own']);
    const means = (z: Float32Array) =>
      [0, N].map((from) => z.subarray(2 * from, 2 * (from + N)).reduce((sum, x) => sum + x, 0) / (2 * N));
    for (const mean of means(scaleSubspaces(scaling, cohort, everybody).tumour))
      expect(Math.abs(mean)).toBeLessThan(0.1);
    const frozen = fitSubspaceScaling({ ...cohort, scaling: 'training' }, cohort.genes, training);
    expect(means(scaleSubspaces(frozen, cohort, everybody).tumour)[1]).toBeGreaterThan(1.5);
    // The order and choice of patients do not matter: the other cohort is scaled by all of its own.
    const one = scaleSubspaces(scaling, cohort, ['P15', 'P2']).tumour;
    const all = scaleSubspaces(scaling, cohort, everybody).tumour;
    expect([...one]).toEqual([...all.subarray(30, 32), ...all.subarray(4, 6)]);
    expect(() => applyGeneScaling(scaling.tumour, cohort.expression, ['P1'])).toThrow(/cannot read a single patient/);
    expect(() => fitSubspaceScaling(cohort, cohort.genes, training.slice(0, 5))).toThrow(
      /5 patients of 'own' cannot tell its scale; 10 are needed/,
    );
  });
});

describe('a cohort for a model that exists', () => {
  it('needs its genes alone, in any order and after the transform of its own file', async () => {
    const other = part('other', N);
    const model = {
      task: 'survival',
      labels: 'who2021',
      genes: { tumour: ['B'], microenvironment: ['C', 'A'] },
    } as const;
    const load = async (made: Partial<MadeCohort>) => {
      const config = await loadConfig(await makeCohort({ ...other, ...made }));
      return loadExternalCohort(config, { ...model, model: config.model, timeUnit: 'years' });
    };
    const { cohort } = await load({ expression: { ...reversed(log2(other)) }, expressionConfig: 'transform: none' });
    expect(cohort.genes).toEqual(model.genes);
    expect([cohort.timeUnit, defined(cohort.patients[0].survival).time]).toEqual([
      'years',
      expect.closeTo((1 + N) * (30.4375 / 365.25), 10),
    ]);
    expect(valueOf(cohort.expression, 'P13', 'C')).toBeCloseTo(
      valueOf((await load({})).cohort.expression, 'P13', 'C'),
      5,
    );
    await expect(load({ expression: { A: other.expression['A'], D: other.expression['D'] } })).rejects.toThrow(
      /other-expression\.csv: the matrix lacks 2 of the 3 genes that the model reads \(B, C\)\. .*geneMap/,
    );
    const dead = other.clinical.map((row) => ({ ...row, event: 0 }));
    expect((await load({ clinical: dead })).cohort.patients).toHaveLength(N);
  });
});

const IN_SETS = { TCGA: 389, invented: 64 };
describe.each(cohorts)('two halves of a cohort ($cohort)', ({ cohort: which, folder: data }) => {
  const REAL = join(data, 'tcga-gbmlgg');
  it('give, in different gene orders, the scaled matrix of the whole', { timeout: 30_000 }, async () => {
    const folder = newFolder();
    const lines = gunzipSync(readFileSync(join(REAL, 'expression.csv.gz')))
      .toString('utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(','));
    const clinical = readFileSync(join(REAL, 'clinical.csv'), 'utf8').trim().split('\n');
    const ids = lines[0].slice(1, 41);
    const sets = resolve(REAL, '../gene-sets/glioma-subspaces.tcga1544.gmt');
    const cohort = (name: string, own: readonly string[], order: <T>(rows: T[]) => T[], more = '') => {
      const places = own.map((id) => lines[0].indexOf(id));
      const [header, ...rows] = lines.map((row) => [row[0], ...places.map((at) => row[at])].join(','));
      write(folder, `${name}-x.csv`, [header, ...order(rows)].join('\n') + '\n');
      write(
        folder,
        `${name}.csv`,
        [clinical[0], ...clinical.filter((row) => own.some((id) => row.startsWith(`${id},`)))].join('\n') + '\n',
      );
      return write(
        folder,
        `${name}.yaml`,
        `name: ${name}\nclinical: {file: ${name}.csv, time: survival_months, event: event}\nexpression: {file: ${name}-x.csv, transform: none}\ngeneSets: {file: ${sets}}\nfeatures: {folder: .}\n${more}`,
      );
    };
    for (const id of ids) await writeBag(folder, `${id}-DX1.h5`, { shape: [2, 4], features: new Float32Array(8) });
    const shuffled = <T>(rows: T[]) =>
      rows
        .map((row, i) => [uniform(5, i), row] as const)
        .sort(([a], [b]) => a - b)
        .map(([, row]) => row);
    cohort('second', ids.slice(20), shuffled);
    const halves = await loadConfig(
      cohort('first', ids.slice(0, 20), (rows) => rows.reverse(), 'moreCohorts: [second.yaml]\n'),
    );
    const whole = await loadConfig(cohort('whole', ids, (rows) => rows));
    const training = ids.filter((_, i) => i % 3 !== 0);
    const scaled = async (config: Config) => {
      const { cohort } = await loadCohort(config);
      expect(cohort.genes.tumour.length + cohort.genes.microenvironment.length).toBe(IN_SETS[which]);
      return scaleSubspaces(fitSubspaceScaling(cohort, cohort.genes, training), cohort, ids);
    };
    expect(await scaled(halves)).toEqual(await scaled(whole));
  });
});
