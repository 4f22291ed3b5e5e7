import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeBag } from '../cohort/made-files.test.helper.js';
import { loadConfig } from '../config/config.js';
import { evaluate } from '../evaluation/evaluate.js';
import { InputError } from '../files/errors.js';
import { readTable } from '../files/file-source.js';
import { openRunFolder } from '../runs/run-folder.js';
import { simulateBagsForCohort } from '../simulation/real-genes.js';
import { isPlainMessage, subspace } from '../testing/cli.js';
import { cohorts } from '../testing/data.js';
import { defined } from '../testing/defined.js';
import { editTable, newFolder, SHORT, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { train } from '../training/train.js';
import { predictPatient } from './predict.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const cohort = join(folder, 'cohort');
const expression = join(cohort, 'expression.csv.gz');
const bag = (id: string) => join(cohort, 'bags', `${id}-DX1.h5`);
const survival = join(folder, 'survival');
const grade = join(folder, 'grade');
let patient: string;
beforeAll(async () => {
  const yaml = await tinyCohort(cohort);
  await train({ config: await shortConfig(yaml), out: survival });
  await train({ config: await shortConfig(yaml, { task: 'grade' }), out: grade });
  patient = defined((await (await openRunFolder(survival)).split()).test[0]);
});

/** A changed copy of the matrix. */
function expressionWith(name: string, edit: (rows: string[][]) => string[][]): string {
  const file = join(folder, `${name}.csv.gz`);
  editTable(expression, edit, file);
  return file;
}

describe('predicting one patient', () => {
  test('gives what evaluation gives for the same patient', async () => {
    const evaluated = defined((await evaluate(survival)).predictions.find((p) => p.patient === patient));
    const predicted = await predictPatient(survival, { bag: [bag(patient)], expression });
    expect(predicted).toMatchObject({ patient, task: 'survival', slides: 1, warnings: [] });
    expect(predicted.risk).toBeCloseTo(defined(evaluated.risk), 6);
    const classes = (await evaluate(grade)).predictions[0];
    const predictedClass = await predictPatient(grade, { bag: [bag(classes.patient)], expression });
    expect(Object.keys(defined(predictedClass.probabilities))).toEqual(['G2', 'G3', 'G4']);
    Object.values(defined(predictedClass.probabilities)).forEach((p, c) =>
      expect(p).toBeCloseTo(classes.outputs[c], 6),
    );
    const largest = classes.outputs.indexOf(Math.max(...classes.outputs));
    expect(predictedClass.predicted).toBe(['G2', 'G3', 'G4'][largest]);
  });

  test('survival: a falling curve, 1, 2 and 5 years, and "beyond follow-up" after the last cut', async () => {
    const { survival: s } = await predictPatient(survival, { bag: [bag(patient)], expression });
    const { times, survival: S } = defined(s).curve;
    expect(defined(s).timeUnit).toBe('months');
    expect(times).toHaveLength(4);
    S.forEach((p, j) => expect(p).toBeLessThanOrEqual(j === 0 ? 1 : S[j - 1]));
    for (const [years, p] of Object.entries(defined(s).years)) {
      if (Number(years) * 12 > times[3]) expect(p).toBe('beyond follow-up');
      else expect(p).toBeGreaterThanOrEqual(S[3]);
    }
    if (S[3] > 0.5) expect(defined(s).median).toBe('beyond follow-up');
    else expect(defined(s).median).toBeLessThanOrEqual(times[3]);
  });

  test('several slides are one prediction', async () => {
    const one = await predictPatient(grade, { bag: [bag('SIM-0001')], expression, patient });
    const other = await predictPatient(grade, { bag: [bag('SIM-0002')], expression, patient });
    const both = await predictPatient(grade, { bag: [bag('SIM-0001'), bag('SIM-0002')], expression, patient });
    expect(both.slides).toBe(2);
    for (const name of ['G2', 'G3', 'G4'])
      expect(defined(both.probabilities)[name]).toBeCloseTo(
        (defined(one.probabilities)[name] + defined(other.probabilities)[name]) / 2,
        6,
      );
  });

  test('genes may stand in any order, beside others', async () => {
    const shuffled = expressionWith('shuffled', ([header, ...rows]) => [
      header,
      ['EXTRA', ...header.slice(1).map(() => '5')],
      ...rows.reverse(),
    ]);
    const options = { bag: [bag(patient)] };
    expect((await predictPatient(survival, { ...options, expression: shuffled })).risk).toBe(
      (await predictPatient(survival, { ...options, expression })).risk,
    );
  });
});

describe('a patient who lacks a modality', () => {
  const lacking = join(folder, 'lacking');
  beforeAll(async () => {
    const config = await shortConfig(join(cohort, 'cohort.yaml'), {
      'training.modalityDropout': '0.5',
      covariates: '[idh, {column: site}]',
    });
    await train({ config, out: lacking });
  });

  test('is predicted by a model that was trained for it, which says what it leaned on', async () => {
    const clinical = { idh_status: 'Mutant', site: 'A' };
    const both = await predictPatient(lacking, { bag: [bag(patient)], expression, clinical });
    const slides = await predictPatient(lacking, { bag: [bag(patient)], patient, clinical });
    const genes = await predictPatient(lacking, { bag: [], expression, patient, clinical });
    expect([both, slides, genes].map(({ leanedOn }) => leanedOn)).toEqual([
      ['1 slide', 'expression', 'idh', 'site'],
      ['1 slide', 'idh', 'site'],
      ['expression', 'idh', 'site'],
    ]);
    expect(both.warnings).toEqual([]);
    expect(slides.warnings).toEqual([
      expect.stringContaining('the patient has no expression: a learned stand-in takes'),
    ]);
    expect(genes.warnings).toEqual([expect.stringContaining('the patient has no slides')]);
    expect(new Set([both, slides, genes].map(({ risk }) => risk)).size).toBe(3);
  });

  test('is scored as if nobody had measured it', async () => {
    const slides = await evaluate(lacking, { without: 'expression' });
    expect(slides.result).toMatchObject({
      without: 'expression',
      baselines: {},
      covariates: ['idh', 'site'],
      definingCovariates: [],
    });
    const one = defined(slides.predictions.find((p) => p.patient === patient));
    const { columns, rows } = await readTable(join(cohort, 'clinical.csv'));
    const { cells } = defined(rows.find(({ cells }) => cells[0] === patient));
    const clinical = Object.fromEntries(columns.map((column, i) => [column, cells[i]]));
    expect((await predictPatient(lacking, { bag: [bag(patient)], patient, clinical })).risk).toBeCloseTo(
      defined(one.risk),
      6,
    );
    await expect(evaluate(survival, { without: 'slides' })).rejects.toThrow('this model cannot do without slides');
  });

  test('is refused by a model of complete patients', async () => {
    await expect(predictPatient(survival, { bag: [bag(patient)] })).rejects.toThrow(
      /cannot do without expression\. Give them with --expression, or train a model with --set training\.modalityDropout=0\.3/,
    );
    await expect(predictPatient(survival, { bag: [], expression, patient })).rejects.toThrow(
      /cannot do without slides\. Give them with --bag/,
    );
    await expect(predictPatient(lacking, { bag: [] })).rejects.toThrow(
      'Give a slide with --bag or an expression matrix with --expression, or both.',
    );
  });

  test('covariates move the prediction, and one that is unknown is named', async () => {
    const of = (clinical: Record<string, string>) =>
      predictPatient(lacking, { bag: [bag(patient)], expression, clinical });
    const mutant = await of({ idh_status: 'Mutant', site: 'A' });
    expect((await of({ idh_status: 'WT', site: 'A' })).risk).not.toBe(mutant.risk);
    const unknown = await of({ idh_status: 'Mutant' });
    expect(unknown.leanedOn).toEqual(['1 slide', 'expression', 'idh']);
    expect(unknown.warnings).toEqual([expect.stringMatching(/^unknown: site;/)]);
    expect((await of({ idh_status: 'Mutant', site: 'Nowhere' })).warnings.join()).toMatch(
      /'site' of 1 patient is a value that no training patient has \('Nowhere'\)/,
    );
  });

  test('a peer of genes needs no slide, and one of slides no expression', async () => {
    const config = (name: string) => shortConfig(join(cohort, 'cohort.yaml'), { 'model.name': name });
    for (const name of ['snn', 'abmil']) await train({ config: await config(name), out: join(folder, name) });
    expect((await predictPatient(join(folder, 'snn'), { bag: [], expression, patient })).leanedOn).toEqual([
      'expression',
    ]);
    expect((await predictPatient(join(folder, 'abmil'), { bag: [bag(patient)] })).leanedOn).toEqual(['1 slide']);
    const evaluated = defined((await evaluate(join(folder, 'snn'))).predictions.find((p) => p.patient === patient));
    expect((await predictPatient(join(folder, 'snn'), { bag: [], expression, patient })).risk).toBeCloseTo(
      defined(evaluated.risk),
      6,
    );
  });
});

describe('which patient', () => {
  test('the only one of the matrix, whatever the slide is named', async () => {
    const alone = expressionWith('alone', (rows) => rows.map((row) => [row[0], row[rows[0].indexOf(patient)]]));
    expect((await predictPatient(survival, { bag: [bag('SIM-0001')], expression: alone })).patient).toBe(patient);
  });

  test('is not guessed from an id that only starts like the slide', async () => {
    const renamed = expressionWith('renamed', ([header, ...rows]) => [
      header.map((id) => (id === 'SIM-0001' ? 'SIM-00' : id)),
      ...rows,
    ]);
    await expect(predictPatient(survival, { bag: [bag('SIM-0001')], expression: renamed })).rejects.toThrow(
      /holds 24 patients and the bag's name tells none of them\. Say which with --patient\.$/,
    );
  });

  test('must be in the matrix', async () => {
    await expect(predictPatient(survival, { bag: [bag(patient)], expression, patient: 'SIM-9' })).rejects.toThrow(
      /has no patient 'SIM-9'\. It has SIM-0001, SIM-0002, SIM-0003, …\.$/,
    );
  });
});

describe('what does not fit the model is refused', () => {
  const refused = async (options: Partial<Parameters<typeof predictPatient>[1]>): Promise<string> => {
    const error: unknown = await predictPatient(survival, { bag: [bag(patient)], expression, ...options }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(InputError);
    expect(isPlainMessage((error as Error).message)).toBe(true);
    return (error as Error).message;
  };

  test('features of another width', async () => {
    const file = await writeBag(folder, `${patient}-wide.h5`, { shape: [40, 20], features: new Float32Array(800) });
    expect(await refused({ bag: [file] })).toMatch(
      /-wide\.h5: features are 20 wide, the model's are 16\. Extract them with the model's encoder\.$/,
    );
  });

  test('a matrix without genes of the model', async () => {
    const fewer = expressionWith('fewer', (rows) => rows.filter(([gene]) => gene !== 'TUM001'));
    expect(await refused({ expression: fewer })).toMatch(
      /fewer\.csv\.gz: lacks 1 of the \d+ genes that the model needs \(TUM001\)\. Add them\.$/,
    );
  });

  test('z-scores for a model of counts', async () => {
    const negative = expressionWith('negative', (rows) =>
      rows.map((row, r) => row.map((cell, c) => (r > 0 && c > 0 ? String(Number(cell) - 100) : cell))),
    );
    expect(await refused({ expression: negative })).toMatch(
      /negative\.csv\.gz: has negative values, but the model was trained on counts, TPM or FPKM/,
    );
  });

  test('a slide or a matrix that is not there', async () => {
    expect(await refused({ bag: [join(folder, 'no.h5')] })).toMatch(/no\.h5: the file does not exist/);
    expect(await refused({ expression: join(folder, 'no.csv') })).toMatch(/no\.csv: the file does not exist/);
  });
});

describe('the matrix is read as the training matrix was', () => {
  const asEnsembl = (gene: string) => `ENSG${gene.replace(/\D/g, '').padStart(11, gene.startsWith('TUM') ? '1' : '2')}`;

  test('by the run’s table of genes', async () => {
    const mapped = join(folder, 'mapped');
    const map = join(folder, 'genes.csv');
    const matrix = expressionWith('ensembl', ([header, ...rows]) => [
      header,
      ...rows.map(([gene, ...row]) => [asEnsembl(gene), ...row]),
    ]);
    editTable(
      expression,
      ([, ...rows]) => [['gene_id', 'symbol'], ...rows.map(([gene]) => [asEnsembl(gene), gene])],
      map,
    );
    const config = await shortConfig(join(cohort, 'cohort.yaml'), {
      'training.epochs': '1',
      'expression.file': matrix,
      'expression.geneMap': map,
    });
    await train({ config, out: mapped });
    const read = await predictPatient(mapped, { bag: [bag(patient)], expression: matrix });
    expect(read.risk).toBe((await predictPatient(mapped, { bag: [bag(patient)], expression })).risk);
    await expect(predictPatient(survival, { bag: [bag(patient)], expression: matrix })).rejects.toThrow(
      /expression\.geneMap/,
    );
  });

  test('by its format, and by its own where it has another', async () => {
    const stated = join(folder, 'stated');
    await train({
      config: await shortConfig(join(cohort, 'cohort.yaml'), { 'training.epochs': '1', 'expression.format': 'matrix' }),
      out: stated,
    });
    const hugo = expressionWith('hugo', ([header, ...rows]) => [
      ['Hugo_Symbol', 'Entrez_Gene_Id', ...header.slice(1)],
      ...rows.map(([gene, ...row]) => [gene, '7', ...row]),
    ]);
    const one = await predictPatient(stated, { bag: [bag(patient)], expression });
    expect((await predictPatient(stated, { bag: [bag(patient)], expression: hugo })).risk).toBe(one.risk);
  });

  test('a GCT file is read as the matrix is, and a patient by the name that R wrote', async () => {
    const one = await predictPatient(survival, { bag: [bag(patient)], expression });
    const gct = expressionWith('gct', ([[, ...ids], ...rows]) => [
      ['#1.2'],
      [String(rows.length), String(ids.length)],
      ['Name', 'Description', ...ids],
      ...rows.map(([gene, ...row]) => [gene, 'na', ...row]),
    ]);
    expect(await predictPatient(survival, { bag: [bag(patient)], expression: gct })).toEqual(one);
    const fromR = expressionWith('from-r', ([header, ...rows]) => [header.map((id) => id.replace('-', '.')), ...rows]);
    expect(await predictPatient(survival, { bag: [bag(patient)], expression: fromR })).toMatchObject({
      risk: one.risk,
    });
    const asked = await predictPatient(survival, { bag: [bag(patient)], expression: fromR, patient });
    expect(asked).toMatchObject({ risk: one.risk, patient });
    expect(asked.warnings).toEqual([expect.stringMatching(/the patient has the name SIM\.\d+ here, as R writes it/)]);
  });
});

describe('features of another encoder', () => {
  test.each([
    [
      undefined,
      /does not say its encoder; the model was trained on 'simulated' features\. Do not trust this prediction unless it is the same one$/,
    ],
    [
      'resnet50',
      /features are of encoder 'resnet50', the model was trained on 'simulated'\. Do not trust this prediction$/,
    ],
  ])('%s: predicted with a warning', async (encoder, warning) => {
    const file = await writeBag(folder, `${patient}-${encoder}.h5`, {
      shape: [40, 16],
      features: new Float32Array(640).fill(0.1),
      ...(encoder ? { encoder } : {}),
    });
    const { warnings, risk } = await predictPatient(survival, { bag: [file], expression });
    expect(warnings).toEqual([expect.stringMatching(warning)]);
    expect(risk).toBeLessThan(0);
  });

  test('spelled otherwise: no warning', async () => {
    const file = await writeBag(folder, `${patient}-spelled.h5`, {
      shape: [40, 16],
      features: new Float32Array(640).fill(0.1),
      encoder: 'Simulated',
    });
    expect((await predictPatient(survival, { bag: [file], expression })).warnings).toEqual([]);
  });
});

describe.each(cohorts)('slides of three patients, of another encoder ($cohort)', ({ cohort: which, folder: DATA }) => {
  const run = join(folder, which);
  const matrix = `${DATA}/tcga-gbmlgg/expression.csv.gz`;
  const slides = readdirSync(join(DATA, 'features')).map(
    (file) => [file.slice(0, 'TCGA-06-0174'.length), file] as const,
  );

  beforeAll(async () => {
    // Genes of every tenth patient, with simulated slides.
    const clinical = join(folder, `${which}.csv`);
    editTable(`${DATA}/tcga-gbmlgg/clinical.csv`, (rows) => rows.filter((_, r) => r % 10 === 0), clinical);
    const geneSets = `${DATA}/gene-sets/glioma-subspaces.tcga1544.gmt`;
    const { config } = await simulateBagsForCohort({
      expression: matrix,
      clinical,
      geneSets,
      out: join(folder, `${which}-cohort`),
      bag: 36,
      width: which === 'TCGA' ? 1024 : 32,
    });
    await train({ config: await loadConfig(config, { ...SHORT, 'training.epochs': '1' }), out: run });
  });

  test.each(slides)('%s: predicted, with the warning about the encoder', async (id, file) => {
    const { code, out, err } = await subspace(
      'predict',
      run,
      '--bag',
      join(DATA, 'features', file),
      '--expression',
      matrix,
    );
    expect(code).toBe(0);
    expect(err).toMatch(
      /features are of encoder '.+', the model was trained on 'simulated'\. Do not trust this prediction\n/,
    );
    expect(err).toMatch(
      /the features are of patches 64 pixels of level 0 wide, those of the training slides are of patches 256 pixels of level 0 wide.*\. Do not trust this prediction\n/,
    );
    expect(out).toContain(`${id}: survival, from 1 slide, expression\n`);
    for (const line of ['alive after 1 year ', 'alive after 2 years', 'alive after 5 years', 'median survival']) {
      expect(out).toMatch(new RegExp(`${line} +(\\d\\.\\d{3}|\\d+\\.\\d months|beyond follow-up)\\n`));
    }
    expect(out).toMatch(/risk \(higher is worse\) +-\d\.\d{3}\n/);
    expect(out).toContain('Not a medical device');
  });
});
