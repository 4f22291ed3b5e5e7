import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { defineConfig, parseConfig, parseOverrides, type ConfigInput } from './config.js';

const SMALLEST = `
name: small
clinical: {file: clinical.csv, time: months, event: dead}
expression: {file: expression.csv.gz}
geneSets: {file: ../sets.gmt}
features: {folder: h5}
`;
const parse = (text: string, overrides = {}) => parseConfig(text, '/data/cohort.yaml', overrides);
const errorOf = (text: string, overrides = {}) => {
  try {
    parse(text, overrides);
    return 'parsed';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('the config', () => {
  it('fills in the defaults and makes paths absolute', () => {
    const config = parse(SMALLEST);
    expect(config).toEqual({
      name: 'small',
      clinical: {
        file: '/data/clinical.csv',
        patient: 'patient_id',
        time: 'months',
        event: 'dead',
        timeUnit: 'months',
      },
      expression: { file: '/data/expression.csv.gz' },
      geneSets: { file: '/sets.gmt', tumour: 'TUMOUR', microenvironment: 'MICROENVIRONMENT' },
      features: { folder: '/data/h5' },
      task: 'survival',
      labels: 'who2021',
      split: { seed: 1, test: 0.1, validation: 0.1 },
      model: {
        name: 'subspace',
        bag: 2500,
        dropout: 0.1,
        subspaces: 'two',
        attention: 'deformable',
        positionBias: 'continuous',
        survivalHead: 'paper',
      },
      training: {
        epochs: 20,
        batch: 8,
        learningRate: 1e-3,
        weightDecay: 1e-4,
        seed: 1,
        select: 'metric',
        consistency: 'corrected',
        coordination: 'corrected',
        modalityDropout: 0,
      },
      provider: 'cpu',
    });
    expect(parseConfig(stringify(config), '/elsewhere/config.yaml')).toEqual(config);
  });

  it('leaves the gene sets to the package where it names none', () => {
    const names = { tumour: 'TUMOUR', microenvironment: 'MICROENVIRONMENT' };
    expect(parse(SMALLEST.replace(/geneSets.*\n/, '')).geneSets).toEqual(names);
    expect(parse(SMALLEST.replace(/geneSets.*\n/, 'geneSets: {}\n')).geneSets).toEqual(names);
    expect(parse(SMALLEST, { 'geneSets.file': 'null' }).geneSets).toEqual(names);
    expect(errorOf(SMALLEST.replace('file: ../sets.gmt', 'type: set'))).toMatch(
      /'geneSets\.type' needs 'geneSets\.file'/,
    );
  });

  it('starts paths at the data folder', () => {
    const config = parse(SMALLEST + 'data: tcga\nsplit: {file: splits, fold: 2}\n');
    expect([config.clinical.file, config.geneSets.file, config.split.file]).toEqual([
      '/data/tcga/clinical.csv',
      '/data/sets.gmt',
      '/data/tcga/splits',
    ]);
  });

  it('takes overrides as YAML values, their paths from the working directory', () => {
    const overrides = parseOverrides([
      'training.epochs=5',
      'task.column=who2021_grade',
      'data=run',
      'features.folder=/f',
      'model.name=subspace',
    ]);
    const config = parse(SMALLEST, overrides);
    expect([config.training.epochs, config.task, config.features.folder]).toEqual([
      5,
      { column: 'who2021_grade' },
      '/f',
    ]);
    expect(config.clinical.file).toBe(resolve('run/clinical.csv'));
    const floors = SMALLEST.replace('expression: {', 'expression: {leaveOutFloorsBy: site, ');
    expect(parse(floors).expression.leaveOutFloorsBy).toBe('site');
    expect(parse(floors, { 'expression.leaveOutFloorsBy': 'null' }).expression).not.toHaveProperty('leaveOutFloorsBy');
    expect(() => parseOverrides(['epochs'])).toThrow(/key=value/);
    expect(errorOf(SMALLEST, { 'training.epocs': '5' })).toBe(
      "--set: unknown key 'training.epocs'. Did you mean 'training.epochs'?",
    );
  });

  it('takes overrides of any type in code', () => {
    const config = parse(SMALLEST, {
      'training.epochs': 3,
      task: { column: 'site' },
      split: { folds: 4, fold: 1 },
      'clinical.moreFiles': ['samples.csv'],
      'clinical.time': null,
      'clinical.event': null,
    });
    expect(config).toMatchObject({ training: { epochs: 3 }, task: { column: 'site' }, split: { folds: 4, fold: 1 } });
    expect(config.clinical.moreFiles).toEqual([resolve('samples.csv')]);
    expect(parse(SMALLEST, { 'clinical.moreFiles': '[samples.csv]' }).clinical.moreFiles).toEqual([
      resolve('samples.csv'),
    ]);
    expect(errorOf(SMALLEST, { 'training.epochs': [3] })).toMatch(
      /^--set: 'training\.epochs' is a list, and should be a(?: whole)? number/,
    );
    expect(errorOf(SMALLEST, { 'features.folder': 3 })).toMatch(/^--set: 'features\.folder' is 3, and should be text/);
  });

  it.each([
    [
      'training.batch',
      '4,0',
      "'training.batch' is '4,0', and should be a number. Write decimals with a point: 0.5 rather than 0,5.",
    ],
    ['training.epochs', '1.5', "'training.epochs' is 1.5, and should be a whole number. Correct the value."],
    ['split.seed', '-1', "'split.seed' is too small (-1). The smallest value allowed is 0."],
    ['training.learningRate', '0', "'training.learningRate' is too small (0). It must be above 0."],
    ['clinical.eventValues', '5', "'clinical.eventValues' is 5, and should be a list. Put it in brackets: [a, b]."],
    ['training.consistency', 'non', "'training.consistency' is 'non', which is not known here. Did you mean 'none'?"],
    ['model', 'abmil', "'model' is 'abmil', and should be keys with values. Correct the value."],
  ])('says in plain words what is wrong with %s = %s', (key, value, words) => {
    expect(errorOf(SMALLEST, { [key]: value })).toBe(`--set: ${words}`);
  });

  it('joins a list of files to the first, and means the same as moreFiles', () => {
    const files = (clinical: string) => parse(SMALLEST.replace('file: clinical.csv', clinical)).clinical;
    expect(files('file: [a.csv, b.csv]')).toMatchObject({ file: '/data/a.csv', moreFiles: ['/data/b.csv'] });
    expect(files('file: [a.csv, b.csv]')).toEqual(files('file: a.csv, moreFiles: [b.csv]'));
    expect(files('file: [a.csv]')).toEqual(files('file: a.csv'));
    expect(errorOf(SMALLEST.replace('file: clinical.csv', 'file: 3'))).toMatch(
      /row 3: 'clinical\.file': expected a path/,
    );
    expect(errorOf(SMALLEST.replace('file: clinical.csv, ', ''))).toMatch(/the key 'clinical\.file' is missing/);
  });

  it.each([
    ['{file: f.csv, folds: 5}', "'split.folds' and 'split.file' exclude each other. Take one of them away."],
    ['{file: f.csv, repeat: 1}', "'split.repeat' needs 'split.folds'. Say how many folds to make."],
    ['{repeat: 1}', "'split.repeat' needs 'split.folds'. Say how many folds to make."],
    [
      '{fold: 1}',
      "'split.fold' needs 'split.file' or 'split.folds'. Name the file of the folds, or say how many to make.",
    ],
    [
      '{file: f.csv, by: site}',
      "'split.by' says who is kept together, and 'split.file' or 'split.testCohort' who is tested. Take one of them away.",
    ],
    [
      '{testCohort: a, folds: 3}',
      "'split.testCohort' says who is tested, and so does 'split.file' or 'split.folds'. Take one of them away.",
    ],
    ['{folds: 5, fold: 5}', 'there is no fold 5 of 5. Folds are counted from 0.'],
    ['{folds: many}', /'split\.folds' is 'many', and should be a(?: whole)? number/],
    ['{folds: 5, conformal: -1}', /'split\.conformal' is too small \(-1\)\. The smallest value allowed is 0/],
    ['{file: 3}', /'split\.file' is 3, and should be text/],
    ['{fols: 5}', "unknown key 'split.fols'. Did you mean 'split.fold'?"],
    ['3', /'split' is 3, and should be keys with values/],
    [
      '{test: 0.5, validation: 0.3, conformal: 0.2}',
      "'split.test' and 'split.validation' with 'split.conformal' leave nothing to train on. Lower them.",
    ],
  ])('refuses the split %s', (split, message) => {
    const text = errorOf(`${SMALLEST}moreCohorts: [a.yaml]\nsplit: ${split}\n`);
    expect(text).toMatch(/^\/data\/cohort\.yaml, row 8: /);
    expect(text.split('\n')).toHaveLength(1);
    if (typeof message === 'string') expect(text).toBe(`/data/cohort.yaml, row 8: ${message}`);
    else expect(text).toMatch(message);
  });

  it.each([
    ['{gene: symbol}', "'geneSets.gene' needs 'geneSets.file'"],
    ['{microenvironmentFile: m.txt}', "'geneSets.microenvironmentFile' needs 'geneSets.file'"],
    ['{file: t.txt, microenvironmentFile: m.txt, type: set}', "'geneSets.microenvironmentFile' a list of its own"],
    ['{file: t.txt, radnom: 1}', "unknown key 'geneSets.radnom'. Did you mean 'geneSets.random'?"],
  ])('refuses the gene sets %s', (sets, message) => {
    const text = errorOf(SMALLEST.replace(/geneSets.*/, `geneSets: ${sets}`));
    expect(text.split('\n')).toHaveLength(1);
    expect(text).toContain(message);
  });

  it('is written in code, too, with defaults, absolute paths and the same words for what is wrong', () => {
    const input: ConfigInput = {
      name: 'small',
      clinical: { file: 'clinical.csv', time: 'months', event: 'dead' },
      expression: { file: 'expression.csv.gz' },
      geneSets: { file: '../sets.gmt' },
      features: { folder: 'h5' },
    };
    expect(defineConfig(input, '/data')).toEqual(parse(SMALLEST));
    expect(defineConfig({ ...input, data: 'tcga' }, '/data').clinical.file).toBe('/data/tcga/clinical.csv');
    expect(defineConfig(input).features.folder).toBe(resolve('h5'));
    expect(defineConfig(defineConfig(input, '/data'), '/elsewhere')).toEqual(parse(SMALLEST));
    // @ts-expect-error a fold of what?
    expect(() => defineConfig({ ...input, split: { fold: 1 } })).toThrow(
      "config: 'split.fold' needs 'split.file' or 'split.folds'. Name the file of the folds, or say how many to make.",
    );
    // @ts-expect-error there is no such key
    expect(() => defineConfig({ ...input, training: { epocs: 1 } })).toThrow("Did you mean 'training.epochs'?");
  });

  it('names every wrong key at once, with row and nearest key', () => {
    const text =
      SMALLEST.replace('name:', 'nam:').replace('time:', 'tiem:') +
      'training:\n  epochs: many\n  lr: 1\nmodel: {bag: 2400}\ntask: grading\n';
    const lines = errorOf(text).split('\n');
    const expected = [
      /cohort\.yaml: the key 'name' is missing/,
      /cohort\.yaml, row 2: unknown key 'nam'. Did you mean 'name'/,
      /row 3: unknown key 'clinical.tiem'. Did you mean 'clinical.time'/,
      /row 8: 'training.epochs'/,
      /row 9: unknown key 'training.lr'. Keys here: epochs, batch/,
      /row 10: 'model.bag': a bag is a square number/,
      /row 11: 'task': a task is 'survival', 'diagnosis'/,
    ];
    expect(lines).toHaveLength(expected.length);
    for (const pattern of expected) expect(lines).toContainEqual(expect.stringMatching(pattern));
  });

  it('checks what belongs together', () => {
    expect(errorOf(SMALLEST.replace(', event: dead', ''))).toMatch(/survival needs 'clinical.event'/);
    expect(errorOf(SMALLEST.replace(', event: dead', '') + 'task: grade\n')).toBe('parsed');
    expect(errorOf(SMALLEST + 'split: {fold: 1}\n')).toMatch(/'split.fold' needs 'split.file'/);
    expect(errorOf(SMALLEST + 'split: {folds: 5, fold: 4}\n')).toBe('parsed');
    expect(errorOf(SMALLEST + 'split: {folds: 5, fold: 5}\n')).toMatch(/no fold 5 of 5/);
    expect(errorOf(SMALLEST + 'split: {folds: 5, file: folds.csv}\n')).toMatch(/exclude each other/);
    expect(errorOf(SMALLEST + 'split: {test: 0.5, validation: 0.5}\n')).toMatch(/nothing to train on/);
  });

  it('reads further cohorts, conditions, covariates and an endpoint', () => {
    const config = parse(
      `${SMALLEST.replace('event: dead', 'event: pfi, endpoint: PFI, eventValues: [1, yes]')}moreCohorts: [other.yaml, /far/third.yaml]
include: ['diagnosis=a, b', {column: grade, values: [2, G3]}]
covariates: [age, idh, {column: mgmt}]
split: {testCohort: other}
`,
    );
    expect(config).toMatchObject({
      moreCohorts: ['/data/other.yaml', '/far/third.yaml'],
      clinical: { endpoint: 'PFI', eventValues: ['1', 'yes'] },
      include: ['diagnosis=a, b', { column: 'grade', values: ['2', 'G3'] }],
      covariates: ['age', 'idh', { column: 'mgmt' }],
      split: { testCohort: 'other' },
    });
    expect(parseConfig(stringify(config), '/elsewhere/config.yaml')).toEqual(config);
    expect(parse(SMALLEST, { moreCohorts: 'other.yaml' }).moreCohorts).toEqual([resolve('other.yaml')]);
    expect(errorOf(SMALLEST + 'covariates: [ago]\n')).toMatch(
      /row 7: 'covariates\.0': a covariate is one of age, sex, idh, /,
    );
    expect(errorOf(SMALLEST + 'include: [grade]\n')).toMatch(/'include\.0': a condition is 'COLUMN=VALUE'/);
    expect(errorOf(SMALLEST + 'split: {testCohort: other}\n')).toMatch(/'split\.testCohort' needs 'moreCohorts'/);
    expect(errorOf(SMALLEST + 'moreCohorts: [a.yaml]\nsplit: {testCohort: a, file: folds.csv}\n')).toMatch(
      /says who is tested, and so does/,
    );
  });

  it('refuses a number that is far above what any cohort or machine needs, and names the largest that is allowed', () => {
    for (const [key, value, largest] of [
      ['training.threads', '100000', 1024],
      ['training.epochs', '1000000000', 100_000],
      ['training.batch', '1000000', 4096],
      ['training.microBatch', '1000000', 4096],
      ['training.learningRate', '1000', 1],
      ['training.weightDecay', '1000', 1],
      ['model.bag', '1000000000000', 65_536],
      ['split.seed', '1e300', Number.MAX_SAFE_INTEGER],
    ] as const)
      expect(errorOf(SMALLEST, { [key]: value })).toBe(
        `--set: '${key}' is too large (${Number(value)}). The largest value allowed is ${largest}.`,
      );
    expect(errorOf(`${SMALLEST}split: {folds: 1000000000, fold: 0}\n`)).toBe(
      "/data/cohort.yaml, row 7: 'split.folds' is too large (1000000000). The largest value allowed is 10000.",
    );
    expect(errorOf(SMALLEST, { 'model.dropout': '1' })).toMatch(
      /'model\.dropout' is too large \(1\)\. It must be below 1\./,
    );
  });

  it('takes no key for a part of the language', () => {
    for (const key of ['__proto__.x', 'training.__proto__.epochs'])
      expect(errorOf(SMALLEST, { [key]: '1' })).toBe("'__proto__' cannot be a name. Choose another name.");
    expect(errorOf(SMALLEST, { 'constructor.name': '1' })).toMatch(/unknown key 'constructor'/);
    expect(Object.prototype).not.toHaveProperty('x');
    expect(errorOf(`${SMALLEST}__proto__: {x: 1}\n`)).toMatch(/row 7: '__proto__' cannot be a name/);
  });

  it('changes keys as if they were written in the file, also below an alias', () => {
    const text = `${SMALLEST}training: &t {epochs: 3}\nmodel: {dropout: 0.2}\n`;
    const changed = parseConfig(
      text,
      '/data/cohort.yaml',
      {},
      { 'training.epochs': 4, 'expression.file': 'e.csv', model: null },
    );
    expect([changed.training.epochs, changed.expression.file, changed.model.dropout]).toEqual([4, '/data/e.csv', 0.1]);
  });

  it('says where it is not YAML', () => {
    expect(errorOf('name: a\n  clinical: [1,\n')).toMatch(/cohort\.yaml, row \d: this is not YAML/);
    expect(errorOf('- a\n')).toMatch(/not a list of keys/);
    expect(errorOf('')).toMatch(/'name' is missing/);
  });
});
