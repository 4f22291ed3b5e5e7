import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../config/config.js';
import { formatProblem, groupProblems, type Problem } from '../../files/errors.js';
import { checkTask } from '../check-task.js';
import { newFolder, write } from '../made-files.test.helper.js';
import { readClinical } from './read.js';

const folder = newFolder();
let made = 0;

/** What is printed of a table of `id,months,event` (or another header), without the name of the file. */
async function linesOf(rows: readonly string[], { header = 'id,months,event', keys = '', clinical = '' } = {}) {
  const file = write(folder, `${made++}.csv`, `${header}\n${rows.join('\n')}\n`);
  const survival = header.startsWith('id') ? ', patient: id, time: months, event: event' : '';
  const config = parseConfig(
    `name: x\nclinical: {file: ${file}${survival}${clinical}}\nexpression: {file: x}\nfeatures: {folder: x}\n${keys}`,
    '/x.yaml',
  );
  const problems: Problem[] = [];
  checkTask(await readClinical(config.clinical, problems), config, problems);
  return groupProblems(problems).map(
    (problem) =>
      `${problem.severity} ${formatProblem(problem)
        .replace(file, '')
        .replace(/^[,:] /, '')}`,
  );
}

/** Rows of patients who died at 1, 2, 3, … months, then of those who live. */
const rowsOf = (died: number, living: number, row: (i: number, dead: boolean) => string) =>
  Array.from({ length: died + living }, (_, i) => row(i, i < died));

describe('cells of times and events', () => {
  test('events coded as 1 and 2 are one problem with the key that reads them', async () => {
    const rows = rowsOf(6, 4, (i, dead) => `P${i},${i + 1},${dead ? 2 : 1}`);
    expect(await linesOf(rows)).toEqual([
      "error rows 2 to 7: 6 cells of column 'event' hold no event ('2'). If 2 is the event and 1 is not, set clinical.eventValues: [2].",
    ]);
    expect(await linesOf(rows, { clinical: ', eventValues: [2]' })).toEqual([]);
  });

  test('other words for an event are one problem, with three of them', async () => {
    const words = ['verstorben', 'lebt', 'verschollen', 'unklar'];
    const rows = rowsOf(2, 6, (i, dead) => `P${i},${i + 1},${dead ? 'dead' : words[i % 4]}`);
    expect(await linesOf(rows)).toEqual([
      "error rows 4 to 9: 6 cells of column 'event' hold no event ('verschollen', 'unklar', 'verstorben', …). " +
        'Write 0 or 1, or words such as Dead and Alive; or list the values that mean a seen event in clinical.eventValues.',
    ]);
  });

  test('decimal commas, words and negative numbers among times are three problems', async () => {
    const rows = ['P1,"4,5",1', 'P2,"5,25",0', 'P3,-2,0', 'P4,long,0', 'P5,0x10,0', 'P6,3,1', 'P7,4,0'];
    expect(await linesOf(rows)).toEqual([
      "error rows 2 and 3: column 'months' holds a decimal comma ('4,5', '5,25'). Write numbers with a decimal point.",
      "error row 4: column 'months' holds a negative time ('-2'). A time is 0 or more, in months; leave it empty where it is unknown.",
      "error rows 5 and 6: column 'months' holds a time that is not a number ('long', '0x10'). It should be a time in months, 0 or more; leave it empty where it is unknown.",
    ]);
  });

  test('points that separate thousands are an error, and a comma that may do so', async () => {
    const days = ['1.234', '567', '2.345', '8', '1.100', '3.000', '450', '12'];
    const rows = (times: readonly string[]) => times.map((time, i) => `P${i},"${time}",${i % 2}`);
    expect(await linesOf(rows(days), { clinical: ', timeUnit: days' })).toEqual([
      "error rows 2, 4, 6 and 7: column 'months' holds points that separate thousands ('1.234', '2.345', '1.100', …). Write 1234 for 1.234.",
      expect.stringMatching(/^warning the column 'months' is named after months/),
    ]);
    expect(await linesOf(rows(['1.234', '567', '2.345', '8.25', '1.001', '3.125', '450', '12']))).toEqual([]);
    expect(await linesOf(rows(['1,234', '567', '1,002', '450', '12', '30']))).toEqual([
      "error rows 2 and 4: column 'months' holds a comma before three digits ('1,234', '1,002'). Write 1234 or 1.234 for 1,234, whichever is meant.",
    ]);
  });

  test('days that are read as months are stated by their median', async () => {
    const rows = rowsOf(10, 6, (i, dead) => `P${i},${200 + 25 * i},${Number(dead)}`);
    expect(await linesOf(rows)).toEqual([
      "warning the median time of 'months' is 387.5 months, longer than any follow-up. Check clinical.timeUnit.",
    ]);
  });

  test('are named by the columns of the file where the format fixes them', async () => {
    const header = 'PATIENT_ID,OS_STATUS,OS_MONTHS';
    const lines = await linesOf(['P1,1:DECEASED,-0.13', 'P2,0:LIVING,800', 'P3,lost,3'], {
      header,
      clinical: ', timeUnit: days',
    });
    expect(lines).toEqual([
      expect.stringMatching(/^error row 2: column 'OS_MONTHS' holds a negative time \('-0\.13'\)/),
      expect.stringMatching(/^error row 4: 1 cell of column 'OS_STATUS' holds no event \('lost'\)/),
      expect.stringMatching(/^warning the longest time of 'OS_MONTHS' is/),
    ]);
  });
});

describe('who has a follow-up', () => {
  test('the dead alone: an error that says what to fill in', async () => {
    const rows = rowsOf(6, 4, (i, dead) => `P${i},${dead ? i + 1 : ''},${Number(dead)}`);
    expect(await linesOf(rows)).toEqual([
      "warning 4 patients have no follow-up ('P6', 'P7', 'P8'). They are left out of survival.",
      "error no living patient has a follow-up (P6, P7, P8 and 1 more): all 6 patients who remain died. Fill in the day on which the living were last seen ('months').",
    ]);
  });

  test('of the GDC, by its clinical.tsv alone: the file that is missing', async () => {
    const header = 'case_submitter_id,vital_status,days_to_death,days_to_last_follow_up';
    const rows = rowsOf(6, 4, (i, dead) => `P${i},${dead ? `Dead,${i + 1},` : 'Alive,,'}`);
    const lines = await linesOf(rows, { header, clinical: ', timeUnit: days' });
    expect(lines[1]).toMatch(/^error no living patient has a follow-up.*Add the GDC's follow_up\.tsv/);
  });

  test('an event that is written for the dead alone: an error', async () => {
    const rows = rowsOf(6, 4, (i, dead) => `P${i},${i + 1},${dead ? 1 : ''}`);
    expect((await linesOf(rows))[1]).toBe(
      "error 'event' is empty for 4 patients with a time (P6, P7, P8 and 1 more): all 6 patients who remain died. Write 0 where no event was seen.",
    );
  });

  test('mostly the dead: a warning; a single living patient without one among many, none', async () => {
    const most = rowsOf(6, 4, (i, dead) => `P${i},${dead || i === 9 ? i + 1 : ''},${Number(dead)}`);
    expect((await linesOf(most))[1]).toMatch(
      /^warning 3 of 4 living patients have no follow-up: those who remain are mostly the dead/,
    );
    const few = rowsOf(6, 4, (i, dead) => `P${i},${i === 9 ? '' : i + 1},${Number(dead)}`);
    expect(await linesOf(few)).toEqual(["warning 1 patient has no follow-up ('P9'). They are left out of survival."]);
    expect(await linesOf(rowsOf(9, 0, (i) => `P${i},${i + 1},1`))).toEqual([]);
  });

  test('many times of 0 are a warning, one is none', async () => {
    const zeros = (n: number) => rowsOf(10, 10, (i, dead) => `P${i},${i < n ? 0 : i},${Number(dead)}`);
    expect(await linesOf(zeros(5))).toEqual([
      "warning 5 of 20 patients have a time of 0 in 'months' (P0, P1, P2 and 2 more). Leave the cell empty where the time is unknown.",
    ]);
    expect(await linesOf(zeros(1))).toEqual([]);
  });

  test('codes such as 999 are a warning where several patients have one or it is far from any time', async () => {
    const codes = (n: number, code: number, scale = 1) =>
      rowsOf(10, 10, (i, dead) => `P${i},${i < n ? code : scale * (i + 1)},${Number(dead)}`);
    const warned = (count: string, code: number, who: string) =>
      `warning ${count} a time in 'months' that looks like a code for unknown (${code}: ${who}). Leave the cell empty where the time is unknown.`;
    expect(await linesOf(codes(3, 999))).toContain(warned('3 patients have', 999, 'P0, P1, P2'));
    expect(await linesOf(codes(1, 9999))).toContain(warned('1 patient has', 9999, 'P0'));
    // One among times as long.
    expect((await linesOf(codes(1, 888, 60))).filter((line) => line.includes('code'))).toEqual([]);
    expect((await linesOf(codes(3, 998))).filter((line) => line.includes('code'))).toEqual([]);
  });

  test('who lives by the event and has a day of death in another column is a warning', async () => {
    const rows = rowsOf(6, 4, (i, dead) => `P${i},${i + 1},${Number(dead)},${dead || i === 7 ? 30 * i : ''}`);
    expect(await linesOf(rows, { header: 'id,months,event,death_days_to' })).toEqual([
      "warning 1 patient is alive by 'event', and 'death_days_to' holds a day of death (P7). Correct one of the two; they count as alive.",
    ]);
  });
});

test('the values of a seen event may be numbers, as pandas writes them, and one that is nowhere is stated', async () => {
  const rows = rowsOf(6, 4, (i, dead) => `P${i},${i + 1},${dead ? '2.0' : '1.0'}`);
  expect(await linesOf(rows, { clinical: ', eventValues: [2]' })).toEqual([]);
  const words = rowsOf(6, 4, (i, dead) => `P${i},${i + 1},${dead ? 'Deceased' : 'Alive'}`);
  expect(await linesOf(words, { clinical: ', eventValues: [deceased, Decaesed]' })).toEqual([
    "warning no cell of 'event' is 'Decaesed' (clinical.eventValues). Did you mean 'Deceased'?",
  ]);
});

test('a time that is empty for most of the dead is a warning', async () => {
  const rows = rowsOf(6, 4, (i, dead) => `P${i},${dead && i > 0 ? '' : i + 1},${Number(dead)}`);
  expect((await linesOf(rows))[1]).toMatch(
    /^warning 5 of 6 patients with the event have no time: those who remain are mostly without it\. Fill in the time of the event \('months'\)/,
  );
});

test('classes in two spellings are a warning', async () => {
  const clinics = ['Nord', 'nord', 'S\u00fcd', 'Su\u0308d', 'West'];
  const rows = rowsOf(6, 4, (i, dead) => `P${i},${i + 1},${Number(dead)},${clinics[i % 5]}`);
  expect(await linesOf(rows, { header: 'id,months,event,clinic', keys: 'task: {column: clinic}\n' })).toEqual([
    "warning column 'clinic' holds classes that differ in their spelling alone ('Nord / nord'). Write each class in one way, if they are one; they count as different.",
  ]);
});

test('letters that were lost before are a warning', async () => {
  const rows = rowsOf(6, 4, (i, dead) => `P${i},${i + 1},${Number(dead)},${i % 2 === 0 ? 'Nord' : 'S\ufffdd'}`);
  expect(await linesOf(rows, { header: 'id,months,event,clinic' })).toEqual([
    "warning rows 3, 5, 7 and 2 more: the row has the mark '\ufffd' in the place of a letter that was lost ('S\ufffdd'). " +
      'Export the table again, as UTF-8: names that differ in lost letters are one here.',
  ]);
});

describe('ages, sexes and markers', () => {
  const rows = (cell: (i: number) => string) => rowsOf(6, 4, (i, dead) => `P${i},${i + 1},${Number(dead)},${cell(i)}`);

  test('ages that are no numbers are read and stated, or unknown and stated', async () => {
    const ages = ['>89', '90+', '54 years', 'old', '50-59'];
    const header = 'id,months,event,age';
    expect(
      await linesOf(
        rows((i) => ages[i] ?? '50'),
        { header, keys: 'covariates: [age]\n' },
      ),
    ).toEqual([
      "warning rows 5 and 6: 2 patients have an age in 'age' that cannot be read ('old', '50-59'). It counts as unknown; write years.",
      "warning rows 2 to 4: 3 patients have an age in 'age' that is no number, and is read as one ('>89 as 90', '90+ as 90', '54 years as 54'). Write years where this is wrong.",
    ]);
    expect(
      await linesOf(
        rows((i) => (i === 0 ? '999' : '50')),
        { header },
      ),
    ).toEqual([
      expect.stringMatching(/^warning row 2: 1 patient has an age above 130 in 'age', which is read as days/),
    ]);
    expect(
      await linesOf(
        rows((i) => String(19000 + i)),
        { header },
      ),
    ).toEqual([]);
    expect(
      await linesOf(
        rows((i) => String(1950 + i)),
        { header },
      ),
    ).toEqual([
      "warning rows 2 to 11: 10 patients have an age in 'age' that looks like a year of birth, and is read as days ('1950', '1951', '1952', …). Write years of age; a column of years of birth needs another name.",
    ]);
  });

  test('a sex that cannot be read is stated where it is a covariate', async () => {
    const header = 'id,months,event,gender';
    const sexes = rows((i) => (i < 3 ? 'weiblich' : 'Male'));
    expect(await linesOf(sexes, { header, keys: 'covariates: [sex]\n' })).toEqual([
      expect.stringMatching(
        /^warning rows 2 to 4: 3 patients have a sex in 'gender' that cannot be read \('weiblich'\)/,
      ),
    ]);
    expect(await linesOf(sexes, { header })).toEqual([]);
  });

  test('a marker that cannot be read is one problem in the user’s own column, for a covariate too', async () => {
    const header = 'id,months,event,IDH';
    const options = { header, keys: 'covariates: [idh]\n', clinical: ', columns: {idh: IDH}' };
    expect(
      await linesOf(
        rows((i) => (i < 3 ? 'positive' : 'WT')),
        options,
      ),
    ).toEqual([
      expect.stringMatching(/^warning rows 2 to 4: column 'IDH' holds what is taken as unknown \('positive'\)/),
    ]);
  });
});

test('samples of a patient that have a column of their own are one row, by their barcodes', async () => {
  const header = 'id,months,event,sample';
  const id = (i: number) => `TCGA-02-000${i}`;
  const rows = rowsOf(5, 4, (i, dead) => `${id(i)},${i + 1},${Number(dead)},${id(i)}-01A`);
  expect(await linesOf([...rows, `${id(0)},1,1,${id(0)}-11A`], { header })).toEqual([
    'warning 1 sample is of normal tissue or controls (TCGA-02-0000-11A). They are left out.',
  ]);
  expect(await linesOf([...rows, `${id(0)},9,1,${id(0)}-01A`], { header })).toEqual([
    expect.stringMatching(/^error row 11: the patient has an earlier row with other values/),
  ]);
  expect(await linesOf([...rows, `${id(0)},1,1,other`], { header })).toEqual([
    expect.stringMatching(/^error row 11: the patient has an earlier row with other values/),
  ]);
});
