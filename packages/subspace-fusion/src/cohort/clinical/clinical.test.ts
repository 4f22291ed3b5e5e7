import { describe, expect, it } from 'vitest';
import { parseConfig, type Config } from '../../config/config.js';
import type { Problem } from '../../files/errors.js';
import { cohorts } from '../../testing/data.js';
import { defined } from '../../testing/defined.js';
import { checkTask } from '../check-task.js';
import { MCAT } from '../expression/fixtures.test.helper.js';
import { newFolder, write } from '../made-files.test.helper.js';
import { labelPatients } from './labels.js';
import { eventOf, unitInName } from './outcome.js';
import { readClinical } from './read.js';

const folder = newFolder();
let made = 0;
const file = (text: string, name = 'clinical.tsv') => write(folder, `${made++}-${name}`, text);

async function read(config: Partial<Config['clinical']> & { file: string }) {
  const problems: Problem[] = [];
  const table = await readClinical({ patient: 'patient_id', timeUnit: 'months', ...config }, problems);
  const survival = Object.fromEntries(table.patients.map(({ id, survival }) => [id, survival]));
  return { ...table, survival, problems, messages: problems.map(({ severity, message }) => `${severity} ${message}`) };
}

const PATIENTS = `#Patient Identifier\tOverall Survival Status\tOverall Survival (Months)\tSex
#Identifier to uniquely specify a patient.\tOverall patient survival status.\tMonths since diagnosis.\tSex
#STRING\tSTRING\tNUMBER\tSTRING
#1\t1\t1\t1
PATIENT_ID\tOS_STATUS\tOS_MONTHS\tSEX
TCGA-02-0001\t1:DECEASED\t11.5\tFemale
TCGA-02-0002\t0:LIVING\t30\tMale
TCGA-02-0003\t0:LIVING\t\t[Not Available]
`;
const SAMPLES = `#Patient Identifier\tSample Identifier\tSample Type\tNeoplasm Histologic Grade\tSex
#Identifier\tA unique sample identifier.\tType\tGrade\tSex
#STRING\tSTRING\tSTRING\tSTRING\tSTRING
#1\t1\t1\t1\t1
PATIENT_ID\tSAMPLE_ID\tSAMPLE_TYPE\tGRADE\tSEX
TCGA-02-0001\tTCGA-02-0001-02\tRecurrence\tG4\tFemale
TCGA-02-0001\tTCGA-02-0001-01\tPrimary\tG2\tFemale
TCGA-02-0002\tTCGA-02-0002-01\tPrimary\tG3\tFemale
TCGA-02-0004\tTCGA-02-0004-01\tPrimary\tG3\tMale
`;

describe('clinical files of cBioPortal', () => {
  it('reads survival from the status and the months, below the comment lines', async () => {
    const { format, survival, understood, columns, messages, patients } = await read({ file: file(PATIENTS) });
    expect({ format, understood }).toEqual({
      format: 'cbioportal',
      understood: { patient: 'PATIENT_ID', time: 'os_time', event: 'os_event' },
    });
    expect(survival).toEqual({
      'TCGA-02-0001': { time: 11.5, event: true },
      'TCGA-02-0002': { time: 30, event: false },
      'TCGA-02-0003': undefined,
    });
    expect(columns).toContain('SEX');
    expect([patients[2].clinical['SEX'], patients[0].row]).toEqual(['', 6]);
    expect(messages).toEqual([]);
    const named = await read({ file: file(PATIENTS), time: 'OS_MONTHS', event: 'OS_STATUS' });
    expect(named.survival).toEqual(survival);
    const days = await read({ file: file(PATIENTS), timeUnit: 'days' });
    expect(defined(days.survival['TCGA-02-0002']).time).toBeCloseTo(30 * 30.4375, 8);
  });

  it('joins patients and samples, the primary tumour’s sample before others, and states contradictions', async () => {
    const patients = file(PATIENTS, 'data_clinical_patient.txt');
    const samples = file(SAMPLES, 'data_clinical_sample.txt');
    for (const [first, second] of [
      [patients, samples],
      [samples, patients],
    ] as const) {
      const { patients: joined, survival, messages } = await read({ file: first, moreFiles: [second] });
      const grades = Object.fromEntries(joined.map(({ id, clinical }) => [id, clinical['GRADE']]));
      expect(grades).toEqual({ 'TCGA-02-0001': 'G2', 'TCGA-02-0002': 'G3', 'TCGA-02-0003': '', 'TCGA-02-0004': 'G3' });
      expect(survival['TCGA-02-0001']).toEqual({ time: 11.5, event: true });
      expect(survival['TCGA-02-0004']).toBeUndefined();
      expect(messages).toEqual([
        expect.stringMatching(
          /warning 1 patient has several tumour samples \(TCGA-02-0001-01 rather than TCGA-02-0001-02\)/,
        ),
        expect.stringMatching(/warning 1 cell contradicts .*\(SEX of TCGA-02-0002\)/),
      ]);
    }
  });
});

const GDC = `case_id\tcase_submitter_id\tproject_id\tage_at_index\tdays_to_death\tgender\tvital_status\tdays_to_last_follow_up\tclassification_of_tumor\ttreatment_type
u1\tTCGA-02-0001\tTCGA-GBM\t50\t350\tfemale\tDead\t'--\tprimary\tPharmaceutical Therapy, NOS
u1\tTCGA-02-0001\tTCGA-GBM\t50\t350\tfemale\tDead\t'--\tprimary\tRadiation Therapy, NOS
u2\tTCGA-02-0002\tTCGA-LGG\t40\t'--\t'--\tAlive\t700\trecurrence\t'--
u2\tTCGA-02-0002\tTCGA-LGG\t40\t'--\t'--\tAlive\t913.125\tprimary\t'--
u3\tTCGA-02-0003\tTCGA-LGG\t40\t'--\tmale\tDead\t10\tprimary\t'--
u4\tTCGA-02-0004\tTCGA-LGG\t40\t'--\tmale\tNot Reported\t10\tprimary\t'--
`;

describe('the clinical table of the GDC', () => {
  it('makes one row of a case, with the day of death or the latest follow-up', async () => {
    const { format, survival, understood, patients, messages } = await read({ file: file(GDC), timeUnit: 'days' });
    expect({ format, understood }).toEqual({
      format: 'gdc',
      understood: { patient: 'case_submitter_id', time: 'os_time', event: 'os_event' },
    });
    expect(survival).toEqual({
      'TCGA-02-0001': { time: 350, event: true },
      'TCGA-02-0002': { time: 913.125, event: false },
      'TCGA-02-0003': undefined,
      'TCGA-02-0004': undefined,
    });
    expect(patients[1].clinical).toMatchObject({ gender: '', classification_of_tumor: 'primary', age_at_index: '40' });
    expect(messages).toEqual(["warning 'vital_status' says dead, and the day of death is unknown"]);
    expect((await read({ file: file(GDC) })).survival['TCGA-02-0002']).toEqual({ time: 30, event: false });
  });

  it('reads the names that newer exports use', async () => {
    const names = {
      case_submitter_id: 'cases.submitter_id',
      vital_status: 'demographic.vital_status',
      days_to_death: 'demographic.days_to_death',
      days_to_last_follow_up: 'diagnoses.days_to_last_follow_up',
    };
    const text = Object.entries(names).reduce((header, [old, name]) => header.replace(old, name), GDC);
    expect((await read({ file: file(text), timeUnit: 'days' })).survival['TCGA-02-0001']).toEqual({
      time: 350,
      event: true,
    });
  });
});

describe('plain tables', () => {
  it('reads MCAT’s table: a row a slide, 1 in censorship is not seen', async () => {
    const { format, survival, columns, messages } = await read({ file: file(MCAT, 'mcat.csv') });
    expect(format).toBe('mcat');
    expect(survival).toEqual({
      'TCGA-02-0001': { time: 10.5, event: true },
      'TCGA-02-0002': { time: 30, event: false },
    });
    expect(columns.filter((column) => /_rnaseq|_cnv|_mut/.test(column))).toEqual([]);
    expect(messages).toEqual([]);
    const contradicting = MCAT.replace('50,10.5,0,1.0,-2,0,0.5,-1.25\n2', '51,10.5,0,1.0,-2,0,0.5,-1.25\n2');
    const { problems } = await read({ file: file(contradicting) });
    expect(problems.map(({ message, examples }) => [message, examples])).toEqual([
      ['the patient has an earlier row with other values', [expect.stringMatching(/^TCGA-02-0001: .*age/)]],
    ]);
  });

  it('takes one row of several samples by their barcodes', async () => {
    // The layout of Xena's survival tables.
    const text =
      'sample\tOS\t_PATIENT\tOS.time\nTCGA-02-0001-11A\t1\tTCGA-02-0001\t350\nTCGA-02-0001-01A\t1\tTCGA-02-0001\t350\nTCGA-02-0001-02A\t1\tTCGA-02-0001\t350\nTCGA-02-0002-01B\t0\tTCGA-02-0002\t9\n';
    const { survival, messages, patients } = await read({
      file: file(text),
      patient: 'sample',
      time: 'OS.time',
      event: 'OS',
      timeUnit: 'days',
    });
    expect(survival).toEqual({ 'TCGA-02-0001': { time: 350, event: true }, 'TCGA-02-0002': { time: 9, event: false } });
    expect(patients[0].row).toBe(3);
    expect(messages).toEqual([
      expect.stringMatching(/several tumour samples/),
      expect.stringMatching(/1 sample is of normal tissue/),
    ]);
  });

  it('reads markers from the columns that the config names', async () => {
    const text = 'id,IDH,arms,G,Histo\nP1,mut,codel,2,astro\nP2,wt,intact,4,GBM\nP3,mut,intact,4,astro\n';
    const columns = { idh: 'IDH', codeletion: 'arms', grade: 'G', histology: 'Histo' };
    const path = file(text);
    const { patients } = await read({ file: path, patient: 'id', columns });
    const { byPatient } = labelPatients(patients, 'diagnosis', 'who2021');
    expect(Object.fromEntries(byPatient)).toEqual({
      P1: 'oligodendroglioma',
      P2: 'glioblastoma',
      P3: 'astrocytoma, grade 4',
    });
    await expect(read({ file: path, patient: 'id', columns: { idh: 'IDHH' } })).rejects.toThrow(
      /no column 'IDHH' \(clinical.columns\).*'IDH'/,
    );
    const config = parseConfig(
      'name: x\nclinical: {file: a}\nexpression: {file: b}\ngeneSets: {file: c}\nfeatures: {folder: d}\ntask: diagnosis\n',
      '/x.yaml',
    );
    const problems: Problem[] = [];
    checkTask(await read({ file: path, patient: 'id' }), config, problems);
    expect(problems[0].remedy).toMatch(/clinical\.columns: \{idh: COLUMN\}/);
  });

  it('names patients without a label', async () => {
    const { patients } = await read({
      file: file('patient_id,idh_status,codel_1p19q,histologic_grade\nP1,,codel,G2\nP2,wt,intact,G2\nP3,,,\n'),
    });
    const { unlabelled, unlabelledPatients } = labelPatients(patients, 'subtype', 'who2021');
    expect(Object.fromEntries(unlabelledPatients)).toEqual({
      'idh_status unknown': ['P1', 'P3'],
      'IDH wild type without a criterion of glioblastoma, not all of them tested': ['P2'],
    });
    expect([...unlabelled.values()]).toEqual([2, 1]);
  });
});

describe('times and events', () => {
  it('reads events in words and digits, by the name of the column', () => {
    const cases = [
      ['1', 'event', true],
      ['0', 'event', false],
      ['1.0', 'censorship', false],
      ['0', 'censored', true],
      ['1:DECEASED', 'OS_STATUS', true],
      ['0:LIVING', 'OS_STATUS', false],
      ['Dead', 'vital_status', true],
      ['alive', 'censorship', false],
      ['yes', 'censored', false],
      ['2', 'event', undefined],
      ['lost', 'event', undefined],
    ] as const;
    for (const [cell, column, expected] of cases)
      expect([cell, column, eventOf(cell, column)]).toEqual([cell, column, expected]);
  });

  const rows = (event: (dead: boolean, i: number) => number) =>
    Array.from(
      { length: 10 },
      (_, i) => `P${i},${i + 1},${event(i % 3 === 0, i)},${i % 3 === 0 ? 'Dead' : 'Alive'}`,
    ).join('\n') + '\n';
  const against = async (header: string, event: (dead: boolean, i: number) => number) => {
    const [, time, name] = header.split(',') as [string, string, string];
    return (await read({ file: file(`${header}\n${rows(event)}`), time, event: name })).messages;
  };

  it('checks an event against the vital status: the opposite is an error, some differences a warning', async () => {
    expect(await against('patient_id,months,status,vital_status', (dead) => Number(dead))).toEqual([]);
    expect(await against('patient_id,months,censorship,vital_status', (dead) => Number(!dead))).toEqual([]);
    expect(await against('patient_id,months,status,vital_status', (dead) => Number(!dead))).toEqual([
      expect.stringMatching(/^error the event 'status' says the opposite of 'vital_status' for 10 of 10 patients/),
    ]);
    expect(await against('patient_id,months,censorship,vital_status', (dead) => Number(dead))).toEqual([
      expect.stringMatching(/^error.*'censorship'/),
    ]);
    expect(await against('patient_id,months,status,vital_status', (dead, i) => Number(dead || i === 1))).toEqual([
      expect.stringMatching(/^warning the event 'status' contradicts 'vital_status' for 1 of 10 patients \(P1\)/),
    ]);
    expect(await against('patient_id,months,PFS_STATUS,vital_status', () => 1)).toEqual([]);
  });

  it('warns of a unit that the name or the length of the times belies', async () => {
    expect(['days_to_death', 'OS_MONTHS', 'survival.years', 'daytime', 'time'].map(unitInName)).toEqual([
      'days',
      'months',
      'years',
      undefined,
      undefined,
    ]);
    expect(await against('patient_id,follow_up_days,event,x', (dead) => Number(dead))).toEqual([
      expect.stringMatching(/named after days, and clinical.timeUnit is months/),
    ]);
    const long = await read({ file: file('patient_id,t,e\nP1,4000,1\nP2,10,0\n'), time: 't', event: 'e' });
    expect(long.messages).toEqual([
      expect.stringMatching(/the longest time of 't' is 4000 months, longer than any follow-up/),
    ]);
  });
});

const TABLES = {
  TCGA: { published: 1122, both: 560, survival: 514 },
  invented: { published: 580, both: 515, survival: 468 },
};
describe.each(cohorts)('published tables ($cohort)', ({ cohort, folder }) => {
  const REAL = `${folder}/tcga-gbmlgg`;
  const expected = TABLES[cohort];
  it('labels the patients of Ceccarelli 2016 by a column map as the derived table does', async () => {
    const columns = {
      idh: 'IDH.status',
      codeletion: 'X1p.19q.codeletion',
      grade: 'Grade',
      histology: 'Histology',
      tert: 'TERT.promoter.status',
      gain7loss10: 'Chr.7.gain.Chr.10.loss',
    };
    const published = await read({
      file: `${REAL}/ceccarelli2016-table-s1.csv`,
      patient: 'patient',
      time: 'Survival..months.',
      event: 'Vital.status..1.dead.',
      columns,
    });
    expect(published.patients).toHaveLength(expected.published);
    // Three patients of the published table died the day before they were diagnosed.
    expect(published.problems.map(({ severity, message, examples }) => [severity, message, examples])).toEqual(
      Array(3).fill(['error', "column 'Survival..months.' holds a negative time", ['-0.0328549']]),
    );
    const derived = await readClinical({ file: `${REAL}/clinical.csv`, patient: 'patient_id', timeUnit: 'months' }, []);
    const mine = labelPatients(published.patients, 'subtype', 'paper').byPatient;
    const theirs = labelPatients(derived.patients, 'subtype', 'paper').byPatient;
    const both = [...theirs].filter(([id]) => mine.has(id));
    expect(both.length).toBeGreaterThan(expected.both);
    for (const [id, label] of both) expect([id, mine.get(id)]).toEqual([id, label]);
    const survival = derived.patients.filter(({ clinical }) => clinical['event_2016']);
    expect(survival).toHaveLength(expected.survival);
    const compared = survival.filter(({ id }) => published.survival[id]);
    expect(compared.length).toBeGreaterThanOrEqual(expected.survival - 3);
    for (const { id, clinical } of compared)
      expect(defined(published.survival[id]).event).toBe(clinical['event_2016'] === '1');
  });
});
