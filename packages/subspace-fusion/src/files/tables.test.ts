import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkTask } from '../cohort/check-task.js';
import { readClinical } from '../cohort/clinical/read.js';
import { decideTransform, readExpression } from '../cohort/expression/read.js';
import { readGeneSets } from '../cohort/genes/gene-files.js';
import { readSubspaceGenes } from '../cohort/genes/gene-sets.js';
import { newFolder, write } from '../cohort/made-files.test.helper.js';
import { parseConfig, type Config } from '../config/config.js';
import { decodePieces } from './decode.js';
import { formatProblem, type Problem } from './errors.js';
import { readTable } from './file-source.js';

const folder = newFolder();
const file = (name: string, text: string) => write(folder, name, text);

describe('text tables', () => {
  it('reads commas, tabs, gzip, quotes and a byte order mark by content, not by name', async () => {
    const expected = {
      columns: ['id', 'text'],
      cells: [
        ['a', 'x, y'],
        ['b', ''],
      ],
    };
    const comma = 'id,text\na,"x, y"\nb,\n';
    const files = [
      file('c.tsv', comma),
      file('t.csv', 'id\ttext\r\na\tx, y\r\nb\t\r\n'),
      file('bom.csv', '\ufeff' + comma),
      write(folder, 'plain.csv', gzipSync(comma)),
    ];
    for (const path of files) {
      const { columns, rows } = await readTable(path);
      expect({ columns, cells: rows.map(({ cells }) => cells) }).toEqual(expected);
      expect(rows.map(({ line }) => line)).toEqual([2, 3]);
    }
  });

  it('reads semicolons, and the line in which Excel names the separator', async () => {
    const cells = async (text: string) => (await readTable(file('separated.csv', text))).rows.map(({ cells }) => cells);
    const expected = [
      ['P1', '4,5', 'a;b'],
      ['P2', '', ''],
    ];
    expect(await cells('id;months;note\nP1;4,5;"a;b"\nP2;;\n')).toEqual(expected);
    expect(await cells('"a, b, and c";months;note\nP1;4,5;"a;b"\nP2;;\n')).toEqual(expected);
    expect(await cells('\ufeffsep=;\r\nid;months;note\r\nP1;4,5;"a;b"\r\nP2;;\r\n')).toEqual(expected);
    expect(await cells('\n# made by\n\nid\tmonths\tnote\nP1\t4,5\ta;b\nP2\t\t\n')).toEqual(expected);
    await expect(readTable(file('lines.csv', 'sep=;\nid;a\nP1;1\nP2;1;2\n'))).rejects.toThrow(/row 4: the row has 3/);
  });

  it('leaves out what a spreadsheet saves beyond its table', async () => {
    const { columns, rows } = await readTable(file('beyond.csv', 'id,x,,\nP1,1,,\n,,,\nP2,2,,\n,,,\n,,,\n'));
    expect(columns).toEqual(['id', 'x']);
    expect(rows).toEqual([
      { line: 2, cells: ['P1', '1'] },
      { line: 4, cells: ['P2', '2'] },
    ]);
    await expect(readTable(file('cell.csv', 'id,x,,\nP1,1,,\nP2,2,,note\n'))).rejects.toThrow(
      /row 3: the row has 4 cells, the header 2/,
    );
    // Empty rows alone are told by the reader that needs something in them.
    expect((await readTable(file('empty.csv', 'id,x\n,\n,\n'))).rows).toHaveLength(2);
    const rest = `id,x\nP1,1\n${',\n'.repeat(400_000)}P2,2\n`;
    expect((await readTable(file('rest.csv', rest))).rows).toHaveLength(2);
  });

  it('takes line ends of every kind, also mixed, and a last line without one', async () => {
    for (const text of ['id,x\rP1,1\rP2,2', 'id,x\r\nP1,1\rP2,2\n', 'id,x\n\nP1,1\n\nP2,2\n\n'])
      expect((await readTable(file('ends.csv', text))).rows.map(({ cells }) => cells[0])).toEqual(['P1', 'P2']);
  });

  it('takes a column that repeats another cell for cell for one, and names columns that differ by their places', async () => {
    const path = file('repeats.csv', 'a,b,a,c,b\n1,2,1,3,4\n5,6,5,7,8\n');
    const problems: Problem[] = [];
    expect(await readTable(path, undefined, problems)).toMatchObject({
      columns: ['a', 'b (column 2)', 'c', 'b (column 5)'],
      rows: [{ cells: ['1', '2', '3', '4'] }, { cells: ['5', '6', '7', '8'] }],
    });
    expect(problems.map(formatProblem)).toEqual([
      `${path}, row 1: the header repeats 'b' (columns 2 and 5), with other cells. None of them is read, but for a column that is asked for as here, with its place; keep the right one.`,
    ]);
    await expect(readTable(path)).rejects.toThrow(/the header repeats 'b' \(columns 2 and 5\)\. Keep one/);
    const clinical = { file: path, patient: 'a', time: 'c', event: 'b', timeUnit: 'months' } as const;
    await expect(readClinical(clinical, [])).rejects.toThrow(/no column 'b'/);
    const { patients } = await readClinical({ ...clinical, time: 'b (column 2)', event: 'c' }, [], 'grade');
    expect(patients.map(({ clinical }) => clinical['b (column 5)'])).toEqual(['4', '8']);
  });

  it('reads letters with marks as one character, however they are written and wherever a piece ends', async () => {
    const row = 'Zoe\u0308,Mu\u0308ller,1\n'; // NFD, as some systems write it
    const text = 'id,name,n\n' + row.repeat(50);
    for (const size of [1, 2, 3, 7, 1000]) {
      const pieces = Array.from({ length: Math.ceil(Buffer.byteLength(text) / size) }, (_, i) =>
        Buffer.from(text).subarray(i * size, (i + 1) * size),
      );
      let all = '';
      for await (const piece of decodePieces(Readable.from(pieces), 'x')) all += piece;
      expect(all).toBe(text.normalize('NFC'));
    }
    const { rows } = await readTable(file('nfd.csv', text));
    expect(rows[0].cells).toEqual(['Zo\u00eb', 'M\u00fcller', '1']);
  });

  it('names file and row of what is wrong', async () => {
    await expect(readTable(file('ragged.csv', 'a,b\n1,2\n1,2,3\n'))).rejects.toThrow(
      /ragged\.csv, row 3: the row has 3 cells, the header 2/,
    );
    await expect(readTable(file('twice.csv', 'a,b,a\n1,2,3\n'))).rejects.toThrow(
      /row 1: the header repeats 'a' \(columns 1 and 3\)/,
    );
    await expect(readTable(file('head.csv', 'a,b\n'))).rejects.toThrow(/no rows/);
    await expect(readTable(file('quote.csv', 'a,b\n1,"2\n'))).rejects.toThrow(/malformed/);
    await expect(readTable(file('one.csv', 'a\n1\n'))).rejects.toThrow(/single column/);
    // A spreadsheet fills up the line of a title.
    await expect(readTable(file('title.csv', 'Table 1. Patients,,\na,b,c\n1,2,3\n'))).rejects.toThrow(
      /row 1: .* single column.* delete a title above the header/,
    );
    await expect(readTable(join(folder, 'absent.csv'))).rejects.toThrow(/does not exist/);
    const cut = gzipSync('a,b\n' + '1,2\n'.repeat(1000)).subarray(0, 30);
    await expect(readTable(write(folder, 'cut.csv.gz', cut))).rejects.toThrow(/cut short/);
  });
});

describe('the clinical table', () => {
  const options = { patient: 'id', time: 'months', event: 'dead', timeUnit: 'months' as const };

  it('reads survival, unknown cells and either sense of the event', async () => {
    const problems: Problem[] = [];
    const text = 'id,months,dead,grade\nP1,12.5,1,G2\nP2,3,0,NA\nP3,,1,[Not Available]\n';
    const { patients } = await readClinical({ ...options, file: file('clinical.csv', text) }, problems);
    expect(patients.map(({ survival }) => survival)).toEqual([
      { time: 12.5, event: true },
      { time: 3, event: false },
      undefined,
    ]);
    expect(patients.map(({ clinical }) => clinical['grade'])).toEqual(['G2', '', '']);
    expect(problems).toEqual([]);
    const censored = file('censored.csv', text.replace('dead', 'censorship'));
    const other = await readClinical({ ...options, event: 'censorship', file: censored }, problems);
    expect(other.patients[0].survival).toEqual({ time: 12.5, event: false });
  });

  it('collects contradictions and wrong values with their rows', async () => {
    const problems: Problem[] = [];
    const text = 'id,months,dead,grade\nP1,12,1,G2\nP1,12,1,G3\nP2,-3,0,G2\nP3,five,2,G2\n,1,1,G2\nP2,-3,0,G2\n';
    await readClinical({ ...options, file: file('wrong.csv', text) }, problems);
    const found = problems.map(
      ({ severity, row, message, examples = [] }) => `${severity} ${row} ${message} (${examples.join()})`,
    );
    expect(found).toEqual([
      'error 3 the patient has an earlier row with other values (P1: grade)',
      "error 4 column 'months' holds a negative time (-3)",
      "error 5 column 'months' holds a time that is not a number (five)",
      "error 5 1 cell of column 'dead' holds no event (2)",
      'error 6 the row has no patient id ()',
      'warning 7 the patient has an earlier row with the same values (P2)',
    ]);
  });

  it('counts who has no follow-up without the rows that are wrong', async () => {
    const path = file('follow-up.csv', 'id,months,dead,grade\nP1,12,1,G2\nP2,-3,0,G3\nP3,,0,G2\nP4,5,,G3\nP5,5,0,\n');
    const config = parseConfig(
      `name: x\nclinical: {file: ${path}, patient: id, time: months, event: dead}\nexpression: {file: x}\nfeatures: {folder: x}\n`,
      '/x.yaml',
    );
    const found = async (task: Config['task']) => {
      const problems: Problem[] = [];
      checkTask(await readClinical(config.clinical, problems, task), { ...config, task }, problems);
      return problems.map(({ severity, message }) => `${severity} ${message}`);
    };
    expect(await found('survival')).toEqual([
      "error column 'months' holds a negative time",
      'warning 2 patients have no follow-up',
    ]);
    // Times are no matter of another task.
    expect(await found({ column: 'grade' })).toEqual([
      "warning column 'months' holds a negative time",
      'warning 1 patient has no label: grade unknown (P5)',
    ]);
  });

  it('warns of markers that the task reads, and of no other', async () => {
    const path = file(
      'markers.csv',
      'patient_id,histologic_grade,idh_status,codel_1p19q,cdkn2a_gistic,histology\nP1,G2,perhaps,?,lost,\nP2,G3,WT,no,2,glioblastoma\nP3,G?,mutant,no,0,\n',
    );
    const found = async (task: 'grade' | 'subtype' | 'diagnosis') => {
      const problems: Problem[] = [];
      const config = parseConfig(
        `name: x\nclinical: {file: ${path}}\nexpression: {file: x}\nfeatures: {folder: x}\ntask: ${task}\n`,
        '/x.yaml',
      );
      checkTask(await readClinical(config.clinical, problems, task), config, problems);
      return problems.flatMap(({ row, message }) =>
        row === undefined ? [] : [`${row} ${message.split(/ of '| and | holds/, 1)[0]}`],
      );
    };
    expect(await found('grade')).toEqual(['3 histology is glioblastoma', "4 column 'histologic_grade'"]);
    expect(await found('subtype')).toEqual(["2 column 'idh_status'", "2 column 'codel_1p19q'"]);
    expect(await found('diagnosis')).toEqual([
      "2 column 'idh_status'",
      "2 column 'codel_1p19q'",
      "2 column 'cdkn2a_gistic'",
      '3 histology is glioblastoma',
      "4 column 'histologic_grade'",
    ]);
  });

  it('suggests a column', async () => {
    const path = file('columns.csv', 'patient,months,dead\nP1,1,1\n');
    await expect(readClinical({ ...options, patient: 'patients', file: path }, [])).rejects.toThrow(
      /'patients' \(clinical.patient\).*'patient'/,
    );
  });
});

describe('gene sets', () => {
  it('reads GMT and warns of a gene in both subspaces', async () => {
    const problems: Problem[] = [];
    const path = file('sets.gmt', 'T\tsource\tA\tB\tA\nM\t\tC\tB\n');
    expect(await readSubspaceGenes({ file: path, tumour: 'T', microenvironment: 'M' }, problems)).toEqual({
      tumour: ['A', 'B'],
      microenvironment: ['C', 'B'],
    });
    expect(problems.map(({ message }) => message)).toEqual(['1 gene is in both sets (B)']);
    await expect(readSubspaceGenes({ file: path, tumour: 'TUMOUR', microenvironment: 'M' }, [])).rejects.toThrow(
      /no set 'TUMOUR'.*T, M/,
    );
    await expect(readGeneSets(file('bad.gmt', 'T\tsource\tA\nM\n'), [])).rejects.toThrow(
      /row 2: the line has no genes/,
    );
    for (const json of ['{"T": ["A"]}', '[\n{"T": ["A", "B"]}\n]'])
      await expect(
        readSubspaceGenes({ file: file('sets.json', json), tumour: 'T', microenvironment: 'M' }, []),
      ).rejects.toThrow(/this looks like JSON, which is not read for gene sets\. Save the sets as GMT/);
  });

  it('for the enrichment of an explanation warn of dates as those of the subspaces do', async () => {
    const problems: Problem[] = [];
    const sets = await readGeneSets(file('dates.gmt', 'T\tsource\tA\t7-Sep\n'), problems);
    expect(sets.get('T')).toEqual(['A', 'SEPT7']);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/1 gene of T looks like a date that a spreadsheet made \(7-Sep\)/),
    ]);
  });
});

describe('the expression matrix', () => {
  const context = { patients: new Set(['P1', 'P2', 'P3']), genes: new Set(['A', 'B']) };
  const geneRows = 'gene\tP1\tother\tP2\nA\t1\t2\t3\nB\t4\t5\t6\nC\t7\t8\t\n';
  const patientRows = 'id,A,B,C\nP1,1,4,7\nother,2,5,8\nP2,3,6,\n';

  it('reads it either way round, gzip or not', async () => {
    const expected = { patients: ['P1', 'P2'], genes: ['A', 'B', 'C'], values: Float32Array.of(1, 4, 7, 3, 6, NaN) };
    const files = [
      ['genes × patients', file('genes.tsv', geneRows)],
      ['patients × genes', file('patients.csv', patientRows)],
      ['patients × genes', write(folder, 'patients.csv.gz', gzipSync(patientRows))],
    ] as const;
    for (const [orientation, path] of files) {
      const problems: Problem[] = [];
      expect(await readExpression(path, context, problems)).toMatchObject({
        expression: expected,
        orientation,
        otherPatients: ['other'],
      });
      expect(problems).toEqual([]);
    }
  });

  it('needs no clinical table to tell the axes apart', async () => {
    const unknown = { patients: undefined, genes: context.genes };
    expect((await readExpression(file('g.tsv', geneRows), unknown, [])).expression.patients).toEqual([
      'P1',
      'other',
      'P2',
    ]);
    expect((await readExpression(file('p.csv', patientRows), unknown, [])).expression.genes).toEqual(['A', 'B', 'C']);
  });

  const errorOf = (text: string) =>
    readExpression(file('wrong.csv', text), context, []).then(
      () => 'read',
      (error: unknown) => (error as Error).message,
    );

  it('names row and column of every gene that is no number, and every repetition, at once', async () => {
    const message = await errorOf('gene,P1,P2,P1\nA,1,x,2\nB,1,,1\nC,y,z,1\nB,1,1,1\n');
    expect(message.split('\n')).toEqual([
      expect.stringMatching(
        /rows 2 and 4: 3 cells hold no number \('x in column P2', 'y in column P1', 'z in column P2'\)/,
      ),
      expect.stringMatching(/row 3: the cell in column 'P2' is empty.*'B' out of the gene set/),
      expect.stringMatching(/row 5: the gene 'B' has two rows, 3 and 5/),
      expect.stringMatching(/row 1: the patient 'P1' has two columns, 2 and 4/),
    ]);
    expect(await errorOf('id,A,B,A\nP1,1,2,3\nP1,1,2,3\n')).toMatch(
      /row 3: the patient 'P1' has two rows, 2 and 3.*\n.*the gene 'A' has two columns, 2 and 4/,
    );
  });

  it('keeps the first of repeated genes that nobody needs, and says so', async () => {
    for (const text of ['gene,P1,P2\nA,1,2\nB,1,2\nC,3,4\nC,5,6\n', 'id,A,B,C,C\nP1,1,1,3,5\nP2,2,2,4,6\n']) {
      const problems: Problem[] = [];
      const { expression } = await readExpression(file('repeated.csv', text), context, problems);
      expect([expression.genes, [...expression.values]]).toEqual([
        ['A', 'B', 'C'],
        [1, 1, 3, 2, 2, 4],
      ]);
      expect(problems.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
        expect.stringMatching(/^warning 1 (row|column) repeats a gene .*\(C\)/),
      ]);
    }
  });

  it('says so when nothing matches, with the likely cause', async () => {
    expect(await errorOf('gene,P1-01A,P2-01A\nA,1,2\n')).toMatch(
      /no patient of the clinical table and no gene.*Shorten names such as 'P1-01A'/,
    );
    expect(await errorOf('gene,X,Y\nA,1,2\n')).toMatch(/Use the same patient ids/);
  });

  it('decides the transform by the sign of the values', () => {
    const matrix = (...values: number[]) => ({
      patients: ['P1'],
      genes: values.map(String),
      values: Float32Array.from(values),
    });
    expect(decideTransform({ file: 'e.csv' }, matrix(-1, 2))).toBe('none');
    expect(decideTransform({ file: 'e.csv', transform: 'log2p1' }, matrix(0, 2))).toBe('log2p1');
    expect(() => decideTransform({ file: 'e.csv' }, matrix(0, 2))).toThrow(/no negative value.*log2p1/);
    expect(() => decideTransform({ file: 'e.csv', transform: 'log2p1' }, matrix(-1, 2))).toThrow(/down to -1/);
  });
});
