import { expect, test } from 'vitest';
import { formatProblem, groupProblems, type Problem } from '../../files/errors.js';
import { newFolder, write } from '../made-files.test.helper.js';
import { readClinical } from './read.js';

const folder = newFolder();
let made = 0;

/** Reads tables of tab-separated rows; `survival` by patient, `lines` as they are printed. */
async function read(...tables: readonly (readonly string[])[]) {
  const files = tables.map((rows) =>
    write(folder, `${made++}.tsv`, rows.map((row) => `${row.replaceAll(' ', '\t')}\n`).join('')),
  );
  const [file, ...moreFiles] = files as [string, ...string[]];
  const problems: Problem[] = [];
  const config = { file, ...(moreFiles.length > 0 && { moreFiles }), patient: 'patient_id', timeUnit: 'days' as const };
  const table = await readClinical(config, problems);
  const survival = Object.fromEntries(
    table.patients.map(({ id, survival }) => [id, survival && [survival.time, survival.event]]),
  );
  const lines = groupProblems(problems).map((problem) => formatProblem(problem).replace(`${folder}/`, ''));
  return { ...table, survival, lines };
}

const CLINICAL = [
  'cases.submitter_id demographic.vital_status demographic.days_to_death diagnoses.days_to_last_follow_up diagnoses.treatment_type',
  "P1 Alive '-- '-- Surgery",
  "P1 Alive '-- '-- Radiation",
  "P2 Dead 400 '-- Surgery",
  "P3 Alive '-- 90 Surgery",
  "P4 Alive '-- '-- Surgery",
];
const FOLLOW_UP = [
  'cases.submitter_id follow_ups.days_to_follow_up follow_ups.timepoint_category',
  'P1 65 Follow-up',
  'P1 131 Last_Contact',
  "P1 '-- Follow-up",
  'P1 9 Follow-up',
  'P2 399 Last_Contact',
  'P3 80 Follow-up',
  "P4 '-- Follow-up",
];
const EXPECTED = { P1: [131, false], P2: [400, true], P3: [90, false], P4: undefined };

test('The latest follow-up counts, from clinical.tsv and follow_up.tsv in any order', async () => {
  for (const files of [
    [CLINICAL, FOLLOW_UP],
    [FOLLOW_UP, CLINICAL],
  ] as const) {
    const { survival, understood, columns, patients, lines } = await read(...files);
    expect({ survival, lines }).toEqual({ survival: EXPECTED, lines: [] });
    expect(understood).toEqual({ patient: 'cases.submitter_id', time: 'os_time', event: 'os_event' });
    expect(columns).toEqual(expect.arrayContaining(['vital_status', 'demographic.vital_status']));
    expect(patients.every(({ clinical }) => columns.every((column) => typeof clinical[column] === 'string'))).toBe(
      true,
    );
  }
});

test('The columns of an older export, and of the API with a number for each follow-up, are read alike', async () => {
  const old = [
    ['case_submitter_id vital_status days_to_death days_to_last_follow_up', "P1 Alive '-- '--", "P2 Dead 400 '--"],
    ['case_submitter_id days_to_follow_up', 'P1 65', 'P1 131'],
  ];
  expect((await read(...old)).survival).toEqual({ P1: [131, false], P2: [400, true] });
  const api = [
    'submitter_id demographic.vital_status demographic.days_to_death follow_ups.0.days_to_follow_up follow_ups.1.days_to_follow_up',
    'P1 Alive  131 65',
    'P2 Dead 400  12',
  ];
  expect((await read(api)).survival).toEqual({ P1: [131, false], P2: [400, true] });
});

test('A file that is named with its own column of cases is still one of the GDC', async () => {
  const file = write(folder, 'named.tsv', CLINICAL.join('\n').replaceAll(' ', '\t'));
  const config = { file, patient: 'cases.submitter_id', time: 'os_time', event: 'os_event', timeUnit: 'days' as const };
  const { patients } = await readClinical(config, []);
  expect(patients.map(({ survival }) => survival?.time)).toEqual([undefined, 400, 90, undefined]);
});

test('Statuses and days that contradict each other are named in the columns of the file, with rows and patients', async () => {
  const { survival, lines } = await read([
    'cases.submitter_id demographic.vital_status demographic.days_to_death diagnoses.days_to_last_follow_up',
    'P1 Alive 400 500',
    'P2 Dead 200 900',
    "P3 Dead '-- 700",
    "P4 '-- 300 '--",
    "P5 Alive 1200 '--",
    "P6 Dead 300 '--",
    "P6 Alive '-- '--",
    'P7 Dead 300 300',
  ]);
  expect(survival).toEqual({
    P1: undefined,
    P2: [200, true],
    P3: undefined,
    P4: [300, true],
    P5: undefined,
    P6: undefined,
    P7: [300, true],
  });
  const [status, death] = ["'demographic.vital_status'", "'demographic.days_to_death'"];
  expect(lines.map((line) => line.replace(/^\d+\.tsv, /, ''))).toEqual([
    `rows 2 and 6: ${status} says alive, and ${death} holds a day of death ('P1', 'P5'). They are left out of survival; correct one of the two.`,
    `row 3: 'diagnoses.days_to_last_follow_up' holds a day after that of death, ${death} ('P2'). The day of death is used; check both.`,
    `row 4: ${status} says dead, and the day of death is unknown ('P3'). They are left out of survival; fill in 'days_to_death' if it can be known.`,
    `row 5: ${death} is known, and the vital status is not ('P4'). They count as dead on that day; correct it if they are not.`,
    `row 7: the patient is dead and alive by ${status} ('P6'). They are left out of survival; correct it.`,
  ]);
});

test('A negative day is an error in the file, the row and the column that it is from', async () => {
  const { lines } = await read(CLINICAL.slice(0, 2), [FOLLOW_UP[0], 'P1 -64 Last_Contact']);
  expect(lines).toEqual([
    expect.stringMatching(/^\d+\.tsv, row 2: column 'follow_ups\.days_to_follow_up' holds a negative time \('-64'\)\./),
  ]);
  expect(lines[0]).not.toContain(`${made - 2}.tsv`);
});

test('Many rows of one case take no longer than many cases', async () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => `P1 ${i}`);
  const start = performance.now();
  const { survival } = await read(CLINICAL.slice(0, 2), ['cases.submitter_id follow_ups.days_to_follow_up', ...rows]);
  expect(survival).toEqual({ P1: [199_999, false] });
  expect(performance.now() - start).toBeLessThan(8000);
});
