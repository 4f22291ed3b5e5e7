import { describe, expect, it } from 'vitest';
import type { Problem } from '../../files/errors.js';
import { newFolder, write } from '../made-files.test.helper.js';
import { readExpression } from './read.js';

const folder = newFolder();

/** The genes of a matrix of patients P1 and P2, and the warnings. */
async function read(genes: readonly string[], needed: readonly string[], text?: string) {
  const problems: Problem[] = [];
  const path = write(folder, 'm.csv', text ?? `gene,P1,P2\n${genes.map((gene, g) => `${gene},${g},1`).join('\n')}\n`);
  const context = { patients: new Set(['P1', 'P2']), genes: new Set(needed) };
  const { expression } = await readExpression(path, context, problems);
  return { genes: expression.genes, patients: expression.patients, warnings: problems.map(({ message }) => message) };
}

describe('genes that a spreadsheet took for dates', () => {
  it('are read where only one gene becomes that date, under the name that the gene sets have', async () => {
    const { genes, warnings } = await read(['EGFR', '7-Sep', '3. Mrz'], ['EGFR', 'SEPT7', 'MARCHF3']);
    expect(genes).toEqual(['EGFR', 'SEPT7', 'MARCHF3']);
    expect(warnings).toEqual([
      '2 gene names look like dates that a spreadsheet made (7-Sep, 3. Mrz); 7-Sep is read as SEPT7, 3. Mrz is read as MARCHF3',
    ]);
  });

  it('are not read where it may have been another, and the gene that is sought is named', async () => {
    const { genes, warnings } = await read(['EGFR', '1-Mar', '44446'], ['EGFR', 'MARCH1', 'SEPTIN7']);
    expect(genes).toEqual(['EGFR', '1-Mar', '44446']);
    expect(warnings).toEqual([
      '2 gene names look like dates that a spreadsheet made (1-Mar, 44446); MARCH1, SEPTIN7 of the gene sets may be among those that are not read',
    ]);
  });

  it('are not read where the gene is there by its name, or a date stands for it in two ways', async () => {
    expect((await read(['7-Sep', 'SEPT7'], ['SEPT7'])).genes).toEqual(['7-Sep', 'SEPT7']);
    expect((await read(['7-Sep', '2023-09-07'], ['SEPT7'])).genes).toEqual(['7-Sep', '2023-09-07']);
  });

  it('are no Entrez ids', async () => {
    expect((await read(['44446', '1956', '7157'], ['1956', 'SEPT7'])).warnings).toEqual([]);
  });

  it('are one gene with the name that HGNC gave them since', async () => {
    const { genes, warnings } = await read(['SEPTIN7', 'MARCH4'], ['SEPT7', 'MARCHF4']);
    expect(genes).toEqual(['SEPT7', 'MARCHF4']);
    expect(warnings).toEqual([
      expect.stringMatching(/^2 genes .* after HGNC changed it \(SEPTIN7 for SEPT7, MARCH4 for/),
    ]);
  });
});

describe('names that R wrote', () => {
  it('are read as genes of the gene sets, either way round, and as patients', async () => {
    const { genes, warnings } = await read(['HLA.DRA', 'X7SK', 'NKX2-2', 'A.B'], ['HLA-DRA', '7SK', 'NKX2.2']);
    expect(genes).toEqual(['HLA-DRA', '7SK', 'NKX2.2', 'A.B']);
    expect(warnings).toEqual([
      '3 genes of the gene sets have names as R writes them (HLA.DRA for HLA-DRA, X7SK for 7SK, NKX2-2 for NKX2.2)',
    ]);
    const problems: Problem[] = [];
    const path = write(folder, 'patients.csv', 'gene,PT.1,X2,TCGA.02.0001.01A\nEGFR,1,2,3\n');
    const context = { patients: new Set(['PT-1', '2', 'TCGA-02-0001']), genes: new Set(['EGFR']) };
    const { expression } = await readExpression(path, context, problems);
    expect(expression.patients).toEqual(['PT-1', '2', 'TCGA-02-0001']);
    expect(problems.map(({ message }) => message)).toEqual([
      '2 patients have names as R writes them (PT.1 for PT-1, X2 for 2)',
    ]);
  });

  it('are left alone where the gene is there, or may be several', async () => {
    expect((await read(['HLA.DRA', 'HLA-DRA'], ['HLA-DRA'])).genes).toEqual(['HLA.DRA', 'HLA-DRA']);
    expect(await read(['A.B'], ['A-B', 'A B'])).toMatchObject({ genes: ['A.B'], warnings: [] });
  });

  it('may have no name for their column', async () => {
    const whole = await read([], ['A'], 'gene\tP1\tP2\nA\t1\t2\n');
    expect(await read([], ['A'], '"P1"\t"P2"\n"A"\t1\t2\n')).toEqual(whole);
    expect(await read([], ['A'], 'P1\nA,1\n')).toMatchObject({ patients: ['P1'] });
    await expect(read([], ['A'], 'gene\tP1\tP2\nA\t1\t2\nB\t1\t2\t3\n')).rejects.toThrow(/row 3: the row has 4 cells/);
    // A separator behind each row is no name that is missing.
    expect(await read([], ['A'], 'gene\tP1\nA\t1\t\n')).toMatchObject({ patients: ['P1'], genes: ['A'] });
  });
});
