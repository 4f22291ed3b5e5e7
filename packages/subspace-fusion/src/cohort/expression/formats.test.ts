import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../files/errors.js';
import { cohorts, GDC } from '../../testing/data.js';
import { newFolder, write } from '../made-files.test.helper.js';
import {
  CBIOPORTAL,
  MCAT,
  PROBE_MAP,
  starCounts,
  writeGdcDownload,
  writeIvyGap,
  XENA,
} from './fixtures.test.helper.js';
import { decideTransform, readExpression, readGeneMap, type ExpressionOptions } from './read.js';

const PATIENTS = new Set(['TCGA-02-0001', 'TCGA-02-0002']);
const GENES = new Set(['TSPAN6', 'TNMD']);

/** Reads a file or folder: each patient's values by gene, and the warnings. */
async function read(path: string, options: ExpressionOptions = {}, context = {}) {
  const problems: Problem[] = [];
  const found = await readExpression(path, { patients: PATIENTS, genes: GENES, ...context }, problems, options);
  const { patients, genes, values } = found.expression;
  const rows = patients.map(
    (id, p) => [id, Object.fromEntries(genes.map((gene, g) => [gene, values[p * genes.length + g]]))] as const,
  );
  return { ...found, rows: Object.fromEntries(rows), warnings: problems.map(({ message }) => message) };
}
const failure = (path: string, options: ExpressionOptions = {}, context = {}) =>
  read(path, options, context).then(
    () => 'read',
    (error: unknown) => (error as Error).message,
  );

describe('STAR-counts files of the GDC', () => {
  it('takes patients from the sample sheet, primary tumours before others, normal tissue never', async () => {
    const folder = newFolder();
    writeGdcDownload(folder);
    const { rows, format, linear, otherPatients, samples, warnings, repeated, expression } = await read(folder);
    expect({ format, linear }).toEqual({ format: 'gdc', linear: true });
    expect(rows).toEqual({
      'TCGA-02-0001': { TSPAN6: 1, TNMD: 10, CD99: 100 },
      'TCGA-02-0002': { TSPAN6: 4, TNMD: 40, CD99: 400 },
    });
    expect(otherPatients).toEqual([expect.stringContaining('TCGA-99-9999-01A')]);
    expect(samples.several.map(({ patient, left }) => [patient, left.length])).toEqual([['TCGA-02-0001', 1]]);
    expect(samples.normal).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringMatching(
        /1 patient has several tumour samples \(TCGA-02-0001-01A \(u1\) rather than TCGA-02-0001-02A \(u2\)\)/,
      ),
      expect.stringMatching(/1 sample is of normal tissue/),
    ]);
    expect(repeated).toEqual([{ symbol: 'CD99', taken: 'ENSG00000002586.20', left: ['ENSG00000002586.20_PAR_Y'] }]);
    expect(decideTransform({ file: folder }, expression, linear)).toBe('log2p1');
  });

  it('reads the column that is asked for', async () => {
    const folder = newFolder();
    writeGdcDownload(folder);
    const of = async (column: 'unstranded' | 'fpkm_unstranded' | 'fpkm_uq_unstranded') =>
      (await read(folder, { column })).rows['TCGA-02-0001'];
    expect(await of('unstranded')).toMatchObject({ TSPAN6: 10 });
    expect(await of('fpkm_unstranded')).toMatchObject({ TSPAN6: 0.5 });
    expect(await of('fpkm_uq_unstranded')).toMatchObject({ TSPAN6: 2 });
  });

  it('takes a sheet from elsewhere, a table of the API, the metadata of a cart, or barcodes in names', async () => {
    const folder = newFolder();
    const sheet = writeGdcDownload(folder);
    const elsewhere = join(newFolder(), 'samples.tsv');
    renameSync(sheet, elsewhere);
    expect(await failure(folder)).toMatch(/nothing says of which patients its 5 files are.*expression\.samples/);
    expect((await read(folder, { samples: elsewhere })).rows['TCGA-02-0002']).toMatchObject({ TSPAN6: 4 });
    const table = write(
      folder,
      'api.tsv',
      'file_id\tcases.0.submitter_id\tcases.0.samples.0.sample_type\na1\tP1\tPrimary Tumor\na4\tP2\tPrimary Tumor\n',
    );
    const api = await read(folder, { samples: table }, { patients: new Set(['P1', 'P2']) });
    expect(api.rows).toMatchObject({ P1: { TSPAN6: 1 }, P2: { TSPAN6: 4 } });
    expect(api.warnings).toEqual([expect.stringMatching(/3 files are of no known patient/)]);
    const cart = [
      {
        file_name: 'u4.rna_seq.augmented_star_gene_counts.tsv',
        associated_entities: [{ entity_submitter_id: 'TCGA-02-0002-01A-01R-1849-01' }],
      },
    ];
    const json = write(folder, 'cart.json', JSON.stringify(cart));
    expect((await read(folder, { samples: json })).rows).toEqual({
      'TCGA-02-0002': { TSPAN6: 4, TNMD: 40, CD99: 400 },
    });
    const manifest = write(folder, 'manifest.txt', 'id\tfilename\tmd5\tsize\tstate\na1\ta1.tsv\tx\t1\treleased\n');
    expect(await failure(folder, { samples: manifest })).toMatch(
      /no column names a case; a plain GDC manifest does not/,
    );

    const named = newFolder();
    mkdirSync(join(named, 'TCGA-02-0001-01A'));
    write(
      join(named, 'TCGA-02-0001-01A'),
      'x.augmented_star_gene_counts.tsv',
      starCounts([['ENSG00000000003.15', 'TSPAN6', 7]]),
    );
    expect((await read(named)).rows).toEqual({ 'TCGA-02-0001': { TSPAN6: 7 } });
  });

  it('leaves out a file of several patients together, whichever way the sheet lists them', async () => {
    const folder = newFolder();
    for (const name of ['u1', 'u2'])
      write(
        folder,
        `${name}.rna_seq.augmented_star_gene_counts.tsv`,
        starCounts([['ENSG00000000003.15', 'TSPAN6', 1]]),
      );
    const pooled = async (lines: readonly string[], ending = 'tsv') => {
      const samples = write(folder, `samples.${ending}`, lines.join('\n'));
      const { rows, warnings } = await read(folder, { samples }, { patients: new Set(['P1', 'P2', 'P3']) });
      return { patients: Object.keys(rows), warnings };
    };
    const expected = {
      patients: ['P3'],
      warnings: ['1 file is of several patients together (u1.rna_seq.augmented_star_gene_counts.tsv: P1, P2)'],
    };
    const [u1, u2] = ['u1', 'u2'].map((name) => `${name}.rna_seq.augmented_star_gene_counts.tsv`);
    const header = 'File Name\tCase ID\tSample ID';
    expect(await pooled([header, `${u1}\tP1, P2\tP1-01A, P2-01A`, `${u2}\tP3, P3\tP3-01A, P3-02A`])).toEqual(expected);
    expect(await pooled([header, `${u1}\tP1\tP1-01A`, `${u1}\tP2\tP2-01A`, `${u2}\tP3\tP3-01A`])).toEqual(expected);
    const api = 'file_name\tcases.0.submitter_id\tcases.1.submitter_id\tcase_id';
    expect(await pooled([api, `${u1}\tP1\tP2\ta`, `${u2}\tP3\t\tb`])).toEqual(expected);
    const cart = [
      { file_name: u1, associated_entities: [{ entity_submitter_id: 'P1' }, { entity_submitter_id: 'P2' }] },
      { file_name: u2, associated_entities: [{ entity_submitter_id: 'P3' }] },
    ];
    expect(await pooled([JSON.stringify(cart)], 'json')).toEqual(expected);
  });

  it('brings files of different gene models to the genes that all have', async () => {
    const folder = newFolder();
    write(folder, 'TCGA-02-0001-01A.star_gene_counts.tsv', starCounts([['E1', 'TSPAN6', 1], ['E2', 'TNMD', 2]])); // prettier-ignore
    write(folder, 'TCGA-02-0002-01A.star_gene_counts.tsv', starCounts([['E3', 'DPM1', 3], ['E2', 'TNMD', 4]])); // prettier-ignore
    const { rows, warnings } = await read(folder);
    expect(rows).toEqual({ 'TCGA-02-0001': { TNMD: 2 }, 'TCGA-02-0002': { TNMD: 4 } });
    expect(warnings).toEqual([expect.stringMatching(/1 file has other genes than TCGA-02-0001-01A/)]);
  });

  it('names file and row of what is wrong', async () => {
    const folder = newFolder();
    const text = starCounts([['ENSG00000000003.15', 'TSPAN6', 1], ['ENSG00000000005.6', 'TNMD', 2]]); // prettier-ignore
    const broken = (content: string) => {
      write(folder, 'TCGA-02-0001-01A.star_gene_counts.tsv', content);
      return failure(folder);
    };
    expect(await broken(text.slice(0, text.lastIndexOf('\t') - 3))).toMatch(
      /star_gene_counts\.tsv, row 8: the row has \d cells, the header 9/,
    );
    expect(await broken(text.replace('\t2\t1\t4\n', '\tx\t1\t4\n'))).toMatch(
      /row 8: the cell in column 'tpm_unstranded' holds 'x'/,
    );
    expect(await broken(text.replace('\t2\t1\t4\n', '\t1e39\t1\t4\n'))).toMatch(
      /row 8: .* holds '1e39', which is too large/,
    );
    expect(await broken('a\tb\n1\t2\n')).toMatch(/row 1: this is no STAR-counts table/);
    expect(await broken(text.split('\n').slice(0, 6).join('\n'))).toMatch(/the table has no gene/);
    rmSync(join(folder, 'TCGA-02-0001-01A.star_gene_counts.tsv'));
    expect(await failure(folder)).toMatch(/the folder has neither STAR-counts files/);
  });

  it('reads real files', async () => {
    const files = ['a', 'b'].map((name) => `example-${name}.rna_seq.augmented_star_gene_counts.head.tsv`);
    const sheet = `File Name\tCase ID\tSample ID\n${files.map((file, i) => `${file}\tTCGA-02-000${i + 1}\tTCGA-02-000${i + 1}-01A`).join('\n')}\n`;
    const { rows, warnings } = await read(GDC, { samples: write(newFolder(), 'sheet.tsv', sheet) });
    const first = rows['TCGA-02-0001'];
    expect([first['TSPAN6'], first['TNMD'], first['DPM1']].map((x) => x.toFixed(4))).toEqual([
      '44.6685',
      '0.0000',
      '56.2676',
    ]);
    expect(rows['TCGA-02-0002']['TNMD']).toBeCloseTo(0.0302, 6);
    // The second head has two genes more than the first.
    expect([Object.keys(first).length, warnings]).toEqual([3, [expect.stringMatching(/1 file has other genes/)]]);
  });
});

describe('matrices of portals', () => {
  const folder = newFolder();

  it('reads cBioPortal: symbols or Entrez ids, repeated symbols by the highest mean', async () => {
    const found = await read(write(folder, 'data_mrna_seq_v2_rsem.txt', CBIOPORTAL));
    expect(found).toMatchObject({
      format: 'cbioportal',
      orientation: 'genes × patients',
      otherPatients: ['TCGA-99-9999-01'],
    });
    expect(found.rows).toEqual({
      'TCGA-02-0001': { TSPAN6: 1.5, TNMD: 5, 8813: 7 },
      'TCGA-02-0002': { TSPAN6: 2.5, TNMD: 30, 8813: 8 },
    });
    expect(found.warnings).toEqual([
      expect.stringMatching(/TCGA-02-0001-01 rather than TCGA-02-0001-02/),
      expect.stringMatching(/1 gene of the gene sets stands there several times \(TNMD, 2 times\)/),
    ]);
  });

  it('reads Xena by a table of symbols, and says when it needs one', async () => {
    const path = write(folder, 'TCGA-GBM.star_tpm.tsv', XENA);
    expect(await failure(path)).toMatch(/the genes are Ensembl ids \(ENSG00000000003\.15\).*expression\.geneMap/);
    const geneMap = await readGeneMap(write(folder, 'gencode.v36.probemap', PROBE_MAP), []);
    const found = await read(path, {}, { geneMap });
    expect(found.rows).toEqual({
      'TCGA-02-0001': { TSPAN6: 1.5, TNMD: 0.25, DPM1: 3 },
      'TCGA-02-0002': { TSPAN6: 2.5, TNMD: 4, DPM1: 5 },
    });
    expect(found.samples.normal).toEqual(['TCGA-02-0002-11A']);
    const byId = await read(path, {}, { genes: new Set(['ENSG00000000003', 'ENSG00000000005.9']) });
    expect(byId.rows['TCGA-02-0001']).toEqual({ ENSG00000000003: 1.5, 'ENSG00000000005.9': 0.25, ENSG00000000419: 3 });
  });

  it('reads the expression of an MCAT table, a row a slide, and names its copy numbers and mutations', async () => {
    const found = await read(write(folder, 'mcat.csv', MCAT));
    expect(found).toMatchObject({ format: 'mcat', orientation: 'patients × genes' });
    expect(found.rows).toEqual({
      'TCGA-02-0001': { TSPAN6: 0.5, TNMD: -1.25 },
      'TCGA-02-0002': { TSPAN6: -0.5, TNMD: 2 },
    });
    expect(found.warnings).toEqual([
      expect.stringMatching(/2 columns hold copy numbers or mutations \(CDKN2A_cnv, IDH1_mut\)/),
    ]);
    const contradicting = MCAT.replace('0.5,-1.25\n1', '0.5,-1.5\n1');
    expect(await failure(write(folder, 'contradicting.csv', contradicting))).toMatch(
      /the patient 'TCGA-02-0001' has two rows, 2 and 3/,
    );
  });

  it('reads the Ivy GAP, one sample a tumour, by whichever name the clinical table uses', async () => {
    const ivy = newFolder();
    writeIvyGap(ivy);
    const tumours = await read(ivy, {}, { patients: new Set(['W31-1-1', 'W29-1-1']) });
    expect(tumours.format).toBe('ivygap');
    expect(tumours.rows).toEqual({ 'W31-1-1': { TSPAN6: 2.5, TNMD: 20 }, 'W29-1-1': { TSPAN6: 3.5, TNMD: 30 } });
    expect(tumours.warnings).toEqual([expect.stringMatching(/305273027 rather than 305273026/)]);
    const blocks = await read(join(ivy, 'fpkm_table.csv'), {}, { patients: new Set(['W31-1-1-E']) });
    expect(blocks.rows).toEqual({ 'W31-1-1-E': { TSPAN6: 1.5, TNMD: 10 } });
    rmSync(join(ivy, 'rows-genes.csv'));
    expect(await failure(ivy, {}, { patients: new Set(['W31-1-1']) })).toMatch(
      /rows-genes\.csv: the file does not exist/,
    );
  });

  it.each(cohorts)('knows all samples of the Ivy GAP ($cohort)', async ({ folder: data }) => {
    const { readTable } = await import('../../files/file-source.js');
    const table = await readTable(join(data, 'ivygap/columns-samples.csv'));
    const wells = table.rows.map(({ cells }) => cells[0]);
    const ivy = newFolder();
    write(
      ivy,
      'columns-samples.csv',
      [table.columns, ...table.rows.map(({ cells }) => cells)]
        .map((cells) => cells.map((c) => `"${c}"`).join(','))
        .join('\n'),
    );
    write(ivy, 'rows-genes.csv', 'gene_id,gene_symbol\n1,TSPAN6\n');
    write(ivy, 'fpkm_table.csv', `gene_id,${wells.join(',')}\n1,${wells.join(',')}\n`);
    const { rows, samples } = await read(ivy, {}, { patients: undefined });
    const tumours = new Set(table.rows.map(({ cells }) => cells[table.columns.indexOf('tumor_name')]));
    expect(new Set(Object.keys(rows))).toEqual(tumours);
    // Where histology chose a sample of cellular tumour, that one stands for the tumour.
    const structure = (well: string) =>
      table.rows[wells.indexOf(well)].cells[table.columns.indexOf('structure_abbreviation')];
    for (const { taken, left } of samples.several) {
      if (left.some((well) => structure(well) === 'CT-reference-histology'))
        expect(structure(taken)).toBe('CT-reference-histology');
    }
    expect(samples.several.length).toBeGreaterThan(20);
  });

  it('obeys a format that the config names', async () => {
    const path = write(folder, 'genes.tsv', 'gene\tTCGA-02-0001\tTCGA-02-0002\nTSPAN6\t1\t2\nTNMD\t3\t4\n');
    expect((await read(path, { format: 'matrix' })).format).toBe('matrix');
    expect(await failure(path, { format: 'cbioportal' })).toMatch(/neither Hugo_Symbol nor Entrez_Gene_Id/);
    expect(await failure(path, { format: 'mcat' })).toMatch(/there is no column 'case_id'/);
    expect(await failure(path, { format: 'h5ad' })).toMatch(/not HDF5/);
  });
});

describe('AnnData', () => {
  const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);

  it('reads dense, CSR and CSC alike, one sample a patient', async () => {
    for (const name of ['dense.h5ad', 'csr.h5ad', 'csc.h5ad']) {
      const found = await read(fixture(name));
      expect(found.format).toBe('h5ad');
      expect(found.rows).toEqual({
        'TCGA-02-0001': { TSPAN6: 3, TNMD: 4, DPM1: 0 },
        'TCGA-02-0002': { TSPAN6: 0, TNMD: 0, DPM1: 5 },
      });
      expect(found.samples.several).toEqual([
        { patient: 'TCGA-02-0001', taken: 'TCGA-02-0001-01A', left: ['TCGA-02-0001-02A'] },
      ]);
    }
  });

  it('finds the patients in a column of obs', async () => {
    const found = await read(fixture('by-column.h5ad'), {}, { patients: new Set(['P1', 'P3']) });
    expect(found.rows).toEqual({ P1: { TSPAN6: 1, TNMD: 0, DPM1: 2.5 }, P3: { TSPAN6: 0, TNMD: 0, DPM1: 5 } });
  });
});
