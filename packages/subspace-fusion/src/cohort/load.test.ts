import { mkdirSync, truncateSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type Config } from '../config/config.js';
import { cohorts } from '../testing/data.js';
import { hashInputs } from './cohort-files.js';
import { chooseGenes } from './genes/choose.js';
import { inspectCohort } from './inspect.js';
import { loadCohort } from './load.js';
import { newFolder, write, writeBag } from './made-files.test.helper.js';

interface Made {
  readonly clinical?: string;
  readonly expression?: string;
  readonly geneSets?: string;
  readonly config?: string;
}

const CLINICAL = 'patient_id,time,event,site,sex\nP1,10,1,a,f\nP10,20,0,a,m\nP2,30,1,b,f\nP3,5,0,b,m\n';
const EXPRESSION = 'gene,P1,P10,P2,P9\nA,-1,2,3,4\nB,1,2,3,4\nC,1,-2,3,4\nD,0,0,1,1\n';
const SETS = 'TUMOUR\tx\tA\tB\tZ\nMICROENVIRONMENT\tx\tC\n';

/** Writes a cohort of four patients, three with everything, and gives its config. */
async function make({
  clinical = CLINICAL,
  expression = EXPRESSION,
  geneSets = SETS,
  config = '',
}: Made = {}): Promise<{ config: Config; bags: string }> {
  const folder = newFolder();
  const bags = join(folder, 'h5');
  mkdirSync(bags);
  write(folder, 'clinical.csv', clinical);
  write(folder, 'expression.csv', expression);
  write(folder, 'sets.gmt', geneSets);
  const text = `name: made
clinical: {file: clinical.csv, time: time, event: event}
expression: {file: expression.csv}
geneSets: {file: sets.gmt}
features: {folder: h5}
${config}`;
  for (const name of ['P1-DX1', 'P1-DX2', 'P10.DX1', 'P2_1', 'stranger']) {
    await writeBag(bags, `${name}.h5`, { shape: [40, 8], features: Float32Array.from({ length: 320 }, (_, i) => i) });
  }
  return { config: await loadConfig(write(folder, 'cohort.yaml', text)), bags };
}

/** Of three patients one for each part. */
const THIRDS = 'split: {test: 0.3, validation: 0.3}';

const failure = (config: Config) =>
  loadCohort(config).then(
    () => 'loaded',
    (error: unknown) => (error as Error).message,
  );

describe('loading a cohort', () => {
  it('joins patients, slides and genes', async () => {
    const { config } = await make();
    const { cohort, problems } = await loadCohort(config);
    expect(cohort.patients.map(({ id, bags }) => [id, bags.map(({ slide }) => slide)])).toEqual([
      ['P1', ['P1-DX1', 'P1-DX2']],
      ['P10', ['P10.DX1']],
      ['P2', ['P2_1']],
    ]);
    expect(cohort).toMatchObject({
      name: 'made',
      transform: 'none',
      genes: { tumour: ['A', 'B'], microenvironment: ['C'] },
      width: 8,
      timeUnit: 'months',
    });
    expect(cohort.patients[2].survival).toEqual({ time: 30, event: true });
    expect(problems.map(({ message }) => message)).toEqual([
      '1 of 4 patients have no expression (P3)',
      '1 of 4 patients have no slide (P3)',
      '1 feature file belongs to no patient (stranger.h5)',
      'a bag has 2500 tokens (model.bag), and half of the slides have 40 patches or fewer, each repeated 62 times or more',
      '1 of 3 genes of TUMOUR are not in the matrix (Z)',
    ]);
  });

  it('uses a slide table', async () => {
    const { config, bags } = await make({ config: '' });
    const slides = write(
      bags,
      'slides.csv',
      'patient_id,slide_id\nP1,P1-DX2.svs\nP10,stranger.svs\nP9,P2_1.svs\nP2,P10.svs\n',
    );
    const { cohort } = await loadCohort({ ...config, features: { ...config.features, slides } });
    expect(cohort.patients.map(({ id, bags }) => [id, bags.map(({ slide }) => slide)])).toEqual([
      ['P1', ['P1-DX2']],
      ['P10', ['stranger']],
      ['P2', ['P10.DX1']],
    ]);
  });

  it('refuses a slide of two patients, even where one of them is in no table', async () => {
    const { config, bags } = await make({ config: '' });
    const rows = 'patient_id,slide_id\nP1,P1-DX2.svs\nP2,P1-DX2.svs\nP9,P2_1.svs\nP2,P2_1.svs\nP10,P10.svs\n';
    const slides = write(bags, 'shared.csv', rows);
    const message = await failure({ ...config, features: { ...config.features, slides } });
    expect(message).toMatch(
      /shared\.csv, rows 3 and 5: the slide is given to two patients \('P1-DX2: P1, P2', 'P2_1: P9, P2'\)\. Give it to one patient/,
    );
  });

  it('collects the errors of all files', async () => {
    const { config, bags } = await make({
      clinical: CLINICAL.replace('P1,10,1', 'P1,10,7'),
      expression: EXPRESSION.replace('A,-1', 'A,x').replace('B,1,2,3,4', 'B,1,2,3,4\nB,1,2,3,4'),
      geneSets: SETS.replace('MICROENVIRONMENT', 'IMMUNE'),
    });
    truncateSync(join(bags, 'P2_1.h5'), 1000);
    write(bags, 'P10.DX1.h5', 'no features');
    await writeBag(bags, 'P1-DX2.h5', { shape: [4, 9], features: new Float32Array(36) });
    const lines = (await failure(config)).split('\n');
    const expected = [
      /clinical\.csv, row 2: 1 cell of column 'event' holds no event \('7'\)/,
      /sets\.gmt: there is no set 'MICROENVIRONMENT'/,
      /expression\.csv, row 2: .*'P1' holds 'x'/,
      /P10\.DX1\.h5: this is a text file, not HDF5/,
      /P2_1\.h5: the HDF5 file is cut short/,
      /P1-DX2\.h5: the features are 9 wide; those of .*P1-DX1\.h5 are 8 wide/,
    ];
    for (const pattern of expected) expect(lines).toContainEqual(expect.stringMatching(pattern));
    expect(lines).toHaveLength(expected.length);
  });

  it('refuses what cannot be a cohort, in one message', async () => {
    expect(await failure((await make({ expression: 'gene,P1\nA,-1\nB,1\nC,1\n' })).config)).toMatch(
      /1 of 4 patients have expression and a slide \(1 have expression, 3 a slide\)/,
    );
    expect(await failure((await make({ clinical: CLINICAL.replaceAll(',1,', ',0,') })).config)).toMatch(
      /no death was seen among 4 patients/,
    );
    expect(await failure((await make({ geneSets: SETS.replace('A\tB\tZ', 'X\tY\tZ') })).config)).toMatch(
      /no gene of TUMOUR is left of 3/,
    );
    expect(await failure((await make({ expression: EXPRESSION.replaceAll('-', '') })).config)).toMatch(
      /no negative value/,
    );
    const labels = await make({ clinical: CLINICAL.replaceAll(',m', ',f'), config: 'task: {column: sex}' });
    expect(await failure(labels.config)).toMatch(/all 4 patients have the label 'f'/);
    expect(await failure((await make({ config: 'task: {column: sec}' })).config)).toMatch(
      /needs the column 'sec'. Did you mean 'sex'\?/,
    );
    expect(await failure((await make({ config: 'task: diagnosis' })).config)).toMatch(/needs the column 'idh_status'/);
    const { config } = await make();
    expect(await failure({ ...config, features: { folder: '/nowhere' } })).toMatch(/feature folder does not exist/);
    expect(await failure({ ...config, features: { folder: resolve(config.clinical.file, '..') } })).toMatch(
      /no .h5 file/,
    );
  });

  it('hashes the tables', async () => {
    const { config } = await make({ geneSets: 'TUMOUR\tx\tA\nMICROENVIRONMENT\tx\tC\n' });
    const before = await hashInputs(config);
    // printf 'TUMOUR\tx\tA\nMICROENVIRONMENT\tx\tC\n' | sha256sum
    expect(before.geneSets).toBe('7a517672b18455619f56363af1b6d292b177b4a18f6684cc4a78338b08ec847d');
    write(resolve(config.clinical.file, '..'), 'clinical.csv', CLINICAL + 'P4,1,1,a,f\n');
    const after = await hashInputs(config);
    expect([after.clinical === before.clinical, after.expression === before.expression]).toEqual([false, true]);
  });
});

describe('inspecting a cohort', () => {
  it('tells what was found and finds what only reading everything finds', async () => {
    const { config, bags } = await make({ config: THIRDS });
    const nan = new Float32Array(320);
    nan[17] = NaN;
    await writeBag(bags, 'P2_1.h5', { shape: [40, 8], features: nan });
    const progress: number[] = [];
    const inspection = await inspectCohort(config, (done) => progress.push(done));
    expect(progress).toEqual([1, 2, 3, 4]);
    expect(inspection).toMatchObject({
      clinical: { patients: 4, columns: 5 },
      expression: {
        orientation: 'genes × patients',
        genes: 4,
        patients: 3,
        otherPatients: 1,
        lowest: -2,
        highest: 3,
        transform: 'none',
      },
      geneSets: [
        { set: 'TUMOUR', genes: 3, inMatrix: 2, used: 2 },
        { set: 'MICROENVIRONMENT', genes: 1, inMatrix: 1, used: 1 },
      ],
      features: { slides: 4, patients: 3, otherFiles: 1, patches: { least: 40, median: 40, most: 40 }, width: 8 },
      joined: { patients: 3, slides: 4 },
      task: { task: 'survival', patients: 3, deaths: 2, medianFollowUp: 20 },
      split: { train: 1, validation: 1, test: 1 },
      floors: { column: 'site', genes: [] },
    });
    const errors = inspection.problems.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ file, message }) => `${file} ${message}`)).toEqual([
      expect.stringMatching(/P2_1\.h5 feature 1 of patch 2 \(from 0\) is NaN/),
    ]);
    expect(JSON.parse(JSON.stringify(inspection))).toMatchObject({ name: 'made' });
  });

  it('tells what is wrong with the split, and with coordinates', async () => {
    const problemsOf = async (config: string) =>
      (await inspectCohort((await make({ config })).config)).problems.map(
        ({ severity, message }) => `${severity} ${message}`,
      );
    expect(await problemsOf('split: {file: none.csv}')).toContain('error the file does not exist');
    expect(await problemsOf('split: {file: clinical.csv}')).toContain(
      'error the columns are patient_id, time, event, site, sex',
    );
    expect(await problemsOf('split: {folds: 3, validation: 0.3}')).toContain(
      'warning there are 3 folds and split.fold names none',
    );
    expect(
      (await problemsOf('split: {folds: 3, fold: 0, validation: 0.3}')).filter((text) => /fold|split/.test(text)),
    ).toEqual([]);
    const { config, bags } = await make({ config: THIRDS });
    await writeBag(bags, 'P2_1.h5', { shape: [40, 8], features: new Float32Array(320), coords: new Int32Array(78) });
    const { problems } = await inspectCohort(config);
    expect(problems).toContainEqual(
      expect.objectContaining({ severity: 'error', message: "'coords' has the shape [39, 2] beside 40 patches" }),
    );
  });

  it('keeps missing values of genes that nobody needs, and the noise of float32, out of the range', async () => {
    const { config } = await make({
      expression: 'gene,P1,P10,P2\nA,-2.398,2,3\nB,1,2,3\nC,1,-2,3.1\nD,,1,1\n',
      config: THIRDS,
    });
    expect((await inspectCohort(config)).expression).toMatchObject({ lowest: -2.398, highest: 3.1 });
  });

  it('warns of a bag that is too small for the attention', async () => {
    const messages = async (bag: number) =>
      (await inspectCohort((await make({ config: `model: {bag: ${bag}}` })).config)).problems
        .map(({ message }) => message)
        .filter((m) => m.includes('model.bag'));
    expect(await messages(49)).toEqual(['a bag of 49 tokens (model.bag) leaves the attention a single key']);
    expect([...(await messages(64)), ...(await messages(400))]).toEqual([]);
  });

  it('goes on where files are missing', async () => {
    const { config } = await make();
    const inspection = await inspectCohort({
      ...config,
      expression: { file: '/nowhere.csv' },
      clinical: { ...config.clinical, file: '/none.csv' },
    });
    expect(inspection.problems.map(({ file }) => file)).toEqual(['/none.csv', '/nowhere.csv']);
    expect(inspection).toMatchObject({ joined: { patients: 0, slides: 0 }, geneSets: [{ genes: 3 }, { genes: 1 }] });
  });
});

const JOINED = {
  TCGA: {
    survival: {
      'TCGA-06-0174': { time: 3.22, event: true },
      'TCGA-26-1442': { time: 31.31, event: false },
      'TCGA-HT-7470': { time: 40.08, event: true },
    },
    inSets: 389,
    floors: 66,
    features: { width: 1024, encoder: 'CPC (PathomicFusion)' },
  },
  invented: {
    survival: {
      'TCGA-0A-0007': { time: 16.06, event: false },
      'TCGA-0A-0008': { time: 6.24, event: true },
      'TCGA-0B-0088': { time: 58.66, event: false },
    },
    inSets: 64,
    floors: 6,
    features: { width: 32, encoder: 'invented' },
  },
};
describe.each(cohorts)('a whole cohort ($cohort)', ({ cohort: which, folder: REAL }) => {
  const expected = JOINED[which];
  const text = `name: tcga
data: ${resolve(REAL)}
clinical: {file: tcga-gbmlgg/clinical.csv, time: survival_months, event: event}
expression: {file: tcga-gbmlgg/expression.csv.gz, leaveOutFloorsBy: study}
geneSets: {file: gene-sets/glioma-subspaces.tcga1544.gmt}
features: {folder: features, slides: tcga-gbmlgg/slides.csv}
`;

  it('joins three patients with slides and leaves the floors of the studies out', async () => {
    const config = await loadConfig(write(newFolder(), 'cohort.yaml', text));
    const { cohort } = await loadCohort(config);
    expect(cohort.patients.map(({ id }) => id)).toEqual(Object.keys(expected.survival));
    expect(cohort.patients.map(({ survival }) => survival)).toEqual(Object.values(expected.survival));
    expect(cohort.genes.tumour.length + cohort.genes.microenvironment.length).toBe(expected.inSets);
    const left = chooseGenes(cohort, config, cohort.expression.patients, []);
    expect(left.tumour.length + left.microenvironment.length).toBe(expected.inSets - expected.floors);
    expect(cohort).toMatchObject({ transform: 'none', ...expected.features });
  });
});
