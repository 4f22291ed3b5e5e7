import { describe, expect, it } from 'vitest';
import { loadConfig, type Config } from '../config/config.js';
import type { Problem } from '../files/errors.js';
import { normal } from '../random/counter.js';
import { defined } from '../testing/defined.js';
import { describeFlow } from './flow.js';
import { chooseGenes } from './genes/choose.js';
import { inspectCohort } from './inspect.js';
import { loadCohort } from './load.js';
import { makeCohort, type MadeCohort } from './made-cohort.test.helper.js';

const IDS = ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8'];
const GENES = ['A', 'B', 'C', 'D'];
const values = (gene: number, ids: readonly string[] = IDS) => ids.map((_, i) => normal(gene + 1, i));
const DIAGNOSES = ['glioblastoma, IDH-wildtype', 'astrocytoma'];
const COHORT: MadeCohort = {
  name: 'made',
  clinical: IDS.map((patient_id, i) => ({
    patient_id,
    time: i === 7 ? '' : 5 + i,
    event: i % 2,
    entity: DIAGNOSES[Number(i > 4)],
    sample_type: i === 1 ? 'Recurrent Tumor' : i === 2 ? 'Unknown' : 'Primary Tumor',
    idh_status: i > 4 ? 'mutant' : 'WT',
    codel_1p19q: i === 7 ? 'codel' : 'non-codel',
    histology: i > 4 ? 'astrocytoma' : 'glioblastoma',
    PFI: i === 0 ? 'Progression' : i === 1 ? 'Relapse' : 'Stable',
  })),
  expression: Object.fromEntries(GENES.map((gene, g) => [gene, values(g)])),
};
const load = async (made: Partial<MadeCohort> = {}) => {
  const config = await loadConfig(await makeCohort({ ...COHORT, ...made }));
  return loadCohort(config);
};
const ids = ({ cohort }: Awaited<ReturnType<typeof loadCohort>>) => cohort.patients.map(({ id }) => id);
const warnings = ({ problems }: Awaited<ReturnType<typeof loadCohort>>) => problems.map(({ message }) => message);

describe('a covariate of which nobody has a value', () => {
  it.each([
    ['[{column: nope}]', "there is no column for the covariate 'nope'", /There is: patient_id, time/],
    ['[grade]', "there is no column for the covariate 'grade'", /It is read from the column histologic_grade/],
    ['[idh, sex]', "there is no column for the covariate 'sex'", /sex or gender/],
  ])('is an error of the cohort, before any training: %s', async (covariates, message, remedy) => {
    const config = await loadConfig(await makeCohort({ ...COHORT, config: `covariates: ${covariates}\n` }));
    const { problems } = await inspectCohort(config);
    const errors = problems.filter(({ severity }) => severity === 'error');
    expect(errors).toEqual([expect.objectContaining({ message, remedy: expect.stringMatching(remedy) })]);
  });
});

it('patients whose ids differ only in how letters with marks are written are one, in tables and names of files', async () => {
  const nfd = (id: string) => (id === 'P1' ? 'Zoe\u0308' : id);
  const nfc = (id: string) => nfd(id).normalize('NFC');
  const clinical = COHORT.clinical.map((row) => ({ ...row, patient_id: nfc(String(row['patient_id'])) }));
  const config = await loadConfig(
    await makeCohort({ ...COHORT, clinical, measured: IDS.map(nfd), scanned: IDS.map(nfd) }),
  );
  expect((await loadCohort(config)).cohort.patients.map(({ id }) => id)).toContain('Zo\u00eb');
});

describe('choosing patients by include', () => {
  const including = (conditions: string, more = '') => load({ config: `include: ${conditions}\n${more}` });

  it('keeps those who meet every condition, commas and all, and counts the others by the first that they fail', async () => {
    const found = await including(`['entity=glioblastoma, IDH-wildtype', sample_type=Primary Tumor]`);
    expect(ids(found)).toEqual(['P1', 'P4', 'P5']);
    expect(found.cohort.flow[0]).toMatchObject({
      patients: 8,
      notIncluded: { 'entity=glioblastoma, IDH-wildtype': 3, 'sample_type=Primary Tumor': 2 },
      complete: 3,
    });
    expect(warnings(found).slice(0, 2)).toEqual([
      '3 of 8 patients do not have entity=glioblastoma, IDH-wildtype (P6, P7, P8)',
      '2 of 5 patients do not have sample_type=Primary Tumor (P2, P3)',
    ]);
    expect(warnings(found).filter((message) => message.includes('belong'))).toEqual([]);
    expect(describeFlow(found.cohort.flow[0])).toBe(
      '8 patients: 3 not of entity=glioblastoma, IDH-wildtype, 2 not of sample_type=Primary Tumor; 3 complete',
    );
  });

  it('takes several values, numbers too, and leaves out who is unknown', async () => {
    expect(ids(await including('[{column: sample_type, values: [Primary Tumor, Recurrent Tumor]}]'))).toEqual([
      'P1',
      'P2',
      'P4',
      'P5',
      'P6',
      'P7',
      'P8',
    ]);
    expect(ids(await including('[{column: event, values: [1]}]'))).toEqual(['P2', 'P4', 'P6', 'P8']);
  });

  it('knows diagnosis, grade and subtype by the rule of the labels where the table has no such column', async () => {
    expect(ids(await including('[subtype=astrocytoma]'))).toEqual(['P6', 'P7']);
    expect(ids(await including('[{column: subtype, values: [glioblastoma, oligodendroglioma]}]'))).toEqual([
      'P1',
      'P2',
      'P3',
      'P4',
      'P5',
      'P8',
    ]);
  });

  it('refuses what nobody has and names the nearest', async () => {
    await expect(including('[sampletype=Primary Tumor]')).rejects.toThrow(
      /made\.csv, row 1: there is no column 'sampletype' \(include\)\. Did you mean 'sample_type'\?/,
    );
    await expect(including('[sample_type=Primary tumour]')).rejects.toThrow(
      /no patient has sample_type=Primary tumour \(include\)\. Did you mean 'Primary Tumor'\?/,
    );
    await expect(including('[sample_type]')).rejects.toThrow(/a condition is 'COLUMN=VALUE'/);
    expect(warnings(await including('[{column: sample_type, values: [Primary Tumor, Metastasis]}]'))[0]).toBe(
      'no patient has sample_type=Metastasis (include)',
    );
  });
});

describe('incomplete patients', () => {
  const MADE = {
    measured: IDS.slice(0, 6),
    scanned: ['P1', 'P2', 'P3', 'P7'],
    expression: Object.fromEntries(GENES.map((gene, g) => [gene, values(g, IDS.slice(0, 6))])),
  };

  it('are counted by what they lack, and kept with what they have', async () => {
    const found = await load(MADE);
    expect(ids(found)).toEqual(['P1', 'P2', 'P3']);
    expect(found.cohort.incomplete.map(({ id, has, bags, cohort }) => [id, has, bags.length, cohort])).toEqual([
      ['P4', 'expression', 0, 'made'],
      ['P5', 'expression', 0, 'made'],
      ['P6', 'expression', 0, 'made'],
      ['P7', 'slides', 1, 'made'],
    ]);
    expect(found.cohort.expression.patients).toContain('P4');
    expect(found.cohort.flow).toEqual([
      {
        cohort: 'made',
        patients: 8,
        notIncluded: {},
        noExpression: 1,
        noSlides: 3,
        neither: 1,
        complete: 3,
        noLabel: {},
      },
    ]);
    expect(describeFlow(found.cohort.flow[0])).toBe(
      '8 patients: 1 without expression, 3 without slides, 1 with neither; 3 complete',
    );
  });

  it('are told apart from those without a label', async () => {
    const { cohort } = await load();
    expect(cohort.flow[0].noLabel).toEqual({ 'no follow-up': 1 });
    expect(describeFlow(cohort.flow[0])).toBe('8 patients; 8 complete, of which 1 without a label (1 no follow-up)');
    expect(
      (
        await load({
          config: 'task: subtype\n',
          clinical: COHORT.clinical.map((row, i) => ({ ...row, idh_status: i === 0 ? '' : row['idh_status'] })),
        })
      ).cohort.flow[0].noLabel,
    ).toEqual({ 'idh_status unknown': 1 });
  });

  it('stand in the flow of inspect', async () => {
    const config: Config = await loadConfig(await makeCohort({ ...COHORT, ...MADE }));
    expect((await inspectCohort(config)).flow).toMatchObject({ patients: 8, complete: 3, noSlides: 3 });
  });
});

describe('the endpoint', () => {
  const endpoint = async (clinicalConfig: string) => (await load({ clinicalConfig })).cohort;

  it('is OS unless the config or the name of the column says otherwise', async () => {
    expect((await endpoint('')).endpoint).toEqual({
      name: 'OS',
      time: 'time',
      event: 'event',
      rule: 'seen where event is 1 (or says so in a word), censored where it is 0',
    });
    expect(defined((await endpoint('endpoint: DSS')).endpoint).name).toBe('DSS');
  });

  it('has events by the values that the config lists, every other known value being censored', async () => {
    const text = await makeCohort({ ...COHORT, clinicalConfig: 'eventValues: [Progression, relapse]' });
    const cohort = (await loadCohort(await loadConfig(text, { 'clinical.event': 'PFI' }))).cohort;
    expect(cohort.endpoint).toEqual({
      name: 'PFI',
      time: 'time',
      event: 'PFI',
      rule: "seen where PFI is 'Progression' or 'relapse', otherwise censored",
    });
    expect(cohort.patients.map(({ survival }) => survival?.event)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
      undefined,
    ]);
    await expect(loadConfig(text, { 'clinical.event': 'null', 'clinical.time': 'null' })).rejects.toThrow(
      /'clinical\.eventValues' needs 'clinical\.event'/,
    );
  });

  it('reads cBioPortal’s statuses of other endpoints, and does not compare them with death', async () => {
    const clinical = COHORT.clinical.map((row, i) => ({
      ...row,
      PFS_STATUS: i < 6 ? '1:PROGRESSION' : '0:CENSORED',
      vital_status: 'Alive',
    }));
    const config = await loadConfig(await makeCohort({ ...COHORT, clinical }), { 'clinical.event': 'PFS_STATUS' });
    const { cohort, problems } = await loadCohort(config);
    expect([defined(cohort.endpoint).name, cohort.patients.filter(({ survival }) => survival?.event).length]).toEqual([
      'PFS',
      6,
    ]);
    expect(problems.map(({ message }) => message).filter((message) => message.includes('vital_status'))).toEqual([]);
    const { task } = await inspectCohort(config);
    expect(task).toMatchObject({
      endpoint: 'PFS',
      rule: 'seen where PFS_STATUS is 1 (or says so in a word), censored where it is 0',
      deaths: 6,
    });
    const alive = await loadConfig(
      await makeCohort({ ...COHORT, clinical: clinical.map((row) => ({ ...row, PFS_STATUS: '0:CENSORED' })) }),
      { 'clinical.event': 'PFS_STATUS' },
    );
    await expect(loadCohort(alive)).rejects.toThrow(/no event of PFS was seen among 7 patients/);
  });
});

describe('random gene sets', () => {
  const others = Array.from({ length: 30 }, (_, g) => `R${g}`);
  const expression = {
    ...COHORT.expression,
    ...Object.fromEntries(others.map((gene, g) => [gene, values(10 + g)])),
    constant: IDS.map(() => 1),
  };
  const draw = async (seed: number, made: Partial<MadeCohort> = {}) => {
    const config = await loadConfig(await makeCohort({ ...COHORT, expression, ...made }), {
      'geneSets.random': String(seed),
    });
    const { cohort } = await loadCohort(config);
    const problems: Problem[] = [];
    return { genes: chooseGenes(cohort, config, IDS, problems), problems };
  };

  it('have the sizes of the sets, no gene of them, and depend on the seed and not on the order of the file', async () => {
    const first = await draw(1);
    const { tumour, microenvironment } = first.genes;
    expect([tumour.length, microenvironment.length]).toEqual([2, 2]);
    expect(new Set([...tumour, ...microenvironment]).size).toBe(4);
    for (const gene of [...tumour, ...microenvironment]) expect(others).toContain(gene);
    expect(first.problems.map(({ message }) => message)).toContain(
      'geneSets.random: the model reads 2 and 2 genes drawn from the 30 genes of the matrix that are in neither set (seed 1)',
    );
    const reversed = Object.fromEntries(Object.entries(expression).reverse());
    expect((await draw(1, { expression: reversed })).genes).toEqual(first.genes);
    expect((await draw(2)).genes).not.toEqual(first.genes);
  });

  it('draw every gene alike', async () => {
    const counts = new Map(others.map((gene) => [gene, 0]));
    const config = await loadConfig(await makeCohort({ ...COHORT, expression }));
    const { cohort } = await loadCohort(config);
    for (let seed = 0; seed < 60; seed++) {
      const genes = chooseGenes(cohort, { ...config, geneSets: { ...config.geneSets, random: seed } }, IDS, []);
      for (const gene of [...genes.tumour, ...genes.microenvironment]) counts.set(gene, defined(counts.get(gene)) + 1);
    }
    // 240 draws of 30 genes: 8 each, standard deviation 2.7.
    expect(Math.max(...counts.values())).toBeLessThan(20);
    expect(Math.min(...counts.values())).toBeGreaterThan(0);
  });

  it('leave out genes with a missing value or none of variation, and say where too few are left', async () => {
    const few = {
      ...COHORT.expression,
      R0: values(10),
      R1: values(11),
      R2: values(12),
      constant: IDS.map(() => 1),
      gap: IDS.map((_, i) => (i === 0 ? NaN : i)),
    };
    await expect(draw(1, { expression: few })).rejects.toThrow(
      /made-expression\.csv: random gene sets of 2 and 2 genes \(geneSets\.random\) need 4 genes outside both sets, and the matrix has 3 that are measured in all patients and vary/,
    );
  });
});
