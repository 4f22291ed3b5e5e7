import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readClinical } from '../cohort/clinical/read.js';
import {
  CBIOPORTAL,
  MCAT,
  PROBE_MAP,
  starCounts,
  writeGdcDownload,
  writeIvyGap,
  XENA,
} from '../cohort/expression/fixtures.test.helper.js';
import { readExpression, readGeneMap } from '../cohort/expression/read.js';
import { readSubspaceGenes } from '../cohort/genes/gene-sets.js';
import { newFolder, write } from '../cohort/made-files.test.helper.js';
import { bits, key } from '../random/counter.js';
import { readTable } from './file-source.js';
import { InputError } from './errors.js';

/** Damaged and hostile tables: every reader answers with a InputError or, where the damage is harmless, reads them; never otherwise. */

const folder = newFolder();
const context = { patients: new Set(['TCGA-02-0001', 'TCGA-02-0002']), genes: new Set(['TSPAN6', 'TNMD']) };
const SETS = { tumour: 'TUMOUR', microenvironment: 'MICROENVIRONMENT' };

const GDC_CLINICAL =
  "case_submitter_id\tvital_status\tdays_to_death\tdays_to_last_follow_up\nTCGA-02-0001\tDead\t350\t'--\nTCGA-02-0002\tAlive\t'--\t700\n";
const CBIOPORTAL_CLINICAL =
  '#Patient\tStatus\tMonths\n#STRING\tSTRING\tNUMBER\nPATIENT_ID\tOS_STATUS\tOS_MONTHS\nTCGA-02-0001\t1:DECEASED\t11.5\n';
const CART = JSON.stringify([
  { file_name: 'x.star_gene_counts.tsv', associated_entities: [{ entity_submitter_id: 'TCGA-02-0001-01A' }] },
]);

type Reader = (path: string) => Promise<unknown>;
const expression: Reader = (path) => readExpression(path, context, []);
const clinical: Reader = (path) => readClinical({ file: path, patient: 'patient_id', timeUnit: 'months' }, []);

/** A whole file of each kind, and what reads it. */
const CASES: Readonly<Record<string, readonly [content: string | Buffer, read: Reader]>> = {
  'expression matrix': ['gene,TCGA-02-0001,TCGA-02-0002\nTSPAN6,1,2\nTNMD,"3",4\n', expression],
  'gzipped matrix': [gzipSync('gene,TCGA-02-0001,TCGA-02-0002\nTSPAN6,1,2\nTNMD,3,4\n'), expression],
  cBioPortal: [CBIOPORTAL, expression],
  Xena: [XENA, (path) => readExpression(path, { ...context, geneMap: new Map([['ENSG00000000003', 'TSPAN6']]) }, [])],
  MCAT: [MCAT, expression],
  'STAR counts': [
    starCounts([['ENSG00000000003.15', 'TSPAN6', 1]]),
    async (path) => {
      const gdc = newFolder();
      writeGdcDownload(gdc);
      write(join(gdc, 'a4'), 'u4.rna_seq.augmented_star_gene_counts.tsv', readFileSync(path));
      return expression(gdc);
    },
  ],
  'sample sheet': [
    'File ID\tFile Name\tCase ID\tSample ID\tSample Type\na1\tu1.tsv\tTCGA-02-0001\tTCGA-02-0001-01A\tPrimary Tumor\n',
    async (path) => {
      const gdc = newFolder();
      writeGdcDownload(gdc);
      return readExpression(gdc, context, [], { samples: path });
    },
  ],
  'cart metadata': [
    CART,
    async (path) => {
      const gdc = newFolder();
      write(gdc, 'x.star_gene_counts.tsv', starCounts([['ENSG00000000003.15', 'TSPAN6', 1]]));
      write(gdc, 'metadata.cart.json', readFileSync(path));
      return expression(gdc);
    },
  ],
  'Ivy GAP samples': [
    'rna_well_id,tumor_name,structure_abbreviation\n305273026,TCGA-02-0001,CT-CD44\n',
    async (path) => {
      const ivy = newFolder();
      writeIvyGap(ivy);
      write(ivy, 'columns-samples.csv', readFileSync(path));
      return expression(ivy);
    },
  ],
  'gene map': [PROBE_MAP, (path) => readGeneMap(path, [])],
  'clinical table': [
    'patient_id,months,event\nTCGA-02-0001,1,1\nTCGA-02-0002,2,0\n',
    (path) =>
      readClinical({ file: path, patient: 'patient_id', time: 'months', event: 'event', timeUnit: 'months' }, []),
  ],
  'clinical table of cBioPortal': [CBIOPORTAL_CLINICAL, clinical],
  'clinical table of the GDC': [GDC_CLINICAL, clinical],
  'clinical table of MCAT': [MCAT, clinical],
  GMT: ['TUMOUR\tx\tTSPAN6\nMICROENVIRONMENT\tx\tTNMD\n', (path) => readSubspaceGenes({ file: path, ...SETS }, [])],
  'table of genes': [
    'gene,type\nTSPAN6,TUMOUR\nTNMD,MICROENVIRONMENT\n',
    (path) => readSubspaceGenes({ file: path, ...SETS }, []),
  ],
};

const ROUNDS = 45;
let made = 0;
/** Reads bytes; a reader may refuse them, in a message of a few lines, and do nothing else. */
async function survives(read: Reader, content: string | Uint8Array): Promise<string> {
  const path = write(folder, `case-${made++}`, content);
  try {
    await read(path);
    return 'read';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message.length).toBeLessThan(30_000);
    return error.message;
  }
}

describe.each(Object.entries(CASES))('%s', (name, [whole, read]) => {
  const bytes = Buffer.from(whole);
  const random = (i: number, below: number) => bits(key(1, 'fuzz', name), i) % below;

  it('is read whole', async () => {
    expect(await survives(read, bytes)).toBe('read');
  });

  it('may be cut short anywhere', async () => {
    for (let i = 0; i < ROUNDS / 3; i++) await survives(read, bytes.subarray(0, random(i, bytes.length)));
  });

  it('may have bytes changed, added and taken out', async () => {
    for (let i = 0; i < ROUNDS; i++) {
      const damaged = Buffer.from(bytes);
      const [at, value] = [random(1000 + 3 * i, bytes.length), random(1001 + 3 * i, 256)];
      damaged[at] = value;
      const kind = i % 3;
      const [head, tail] = [damaged.subarray(0, at), damaged.subarray(at)];
      await survives(
        read,
        kind === 0
          ? damaged
          : kind === 1
            ? Buffer.concat([head, head.subarray(-40), tail])
            : Buffer.concat([head, tail.subarray(7)]),
      );
    }
  });

  it('may be another kind of file', async () => {
    const junk = Buffer.from(Array.from({ length: 5000 }, (_, i) => random(9000 + i, 256)));
    const others = Object.values(CASES).map(([content]) => content);
    for (const content of [
      junk,
      '\n\n\n',
      '\0',
      '"',
      '#',
      '{}',
      '[]',
      'null',
      'a\n'.repeat(100),
      '\t'.repeat(1000),
      ...others,
    ])
      await survives(read, content);
  });
});

describe('what is too large', () => {
  const MIB = 2 ** 20;

  it('is a line without an end', async () => {
    const line = Buffer.alloc(20 * MIB, 'xxxxxxxx,');
    for (const read of [expression, clinical])
      expect(await survives(read, line)).toMatch(/row 1: the row is longer than 16 MiB/);
    const quote = Buffer.concat([Buffer.from('patient_id,TCGA-02-0001\n"A'), Buffer.alloc(20 * MIB, 'xxxxxxxx\n')]);
    expect(await survives(clinical, quote)).toMatch(/longer than 16 MiB.*never closed/);
  });

  it('is a row of millions of cells, quoted or not, which takes seconds and no memory to speak of', async () => {
    for (const line of [`${'a,'.repeat(7_000_000)}\n`, `id,b\n"P1"${','.repeat(15_000_000)}\n`]) {
      const start = performance.now();
      const before = process.memoryUsage().rss;
      expect(await survives(clinical, gzipSync(line))).toMatch(/row [12]: the row has more cells than 200000/);
      expect(performance.now() - start).toBeLessThan(5000);
      expect(process.memoryUsage().rss - before).toBeLessThan(400 * MIB);
    }
  });

  it('is a header or a cell of megabytes, which a message does not repeat', async () => {
    const header = `gene,${'column_of_no_patient,'.repeat(100_000)}last\n`;
    expect(await survives(expression, header)).toMatch(/has no patient of the clinical table/);
    const row = `a,${Array.from({ length: 100_000 }, (_, i) => i).join()},b\n`;
    expect(await survives(clinical, header + row)).toMatch(/no column 'patient_id'/);
    expect(await survives(readTable, header + row)).toMatch(/repeats/);
    const cell = `gene,TCGA-02-0001\nTSPAN6,${'9x'.repeat(2 * MIB)}\n`;
    expect((await survives(expression, cell)).length).toBeLessThan(2000);
  });

  it('is gzip that expands beyond reason, or rows without an end', async () => {
    const line = gzipSync(Buffer.alloc(50 * MIB, 'x'), { level: 1 });
    expect(await survives(expression, line)).toMatch(/longer than 16 MiB/);
    const long = gzipSync(
      Buffer.concat([Buffer.from('gene,TCGA-02-0001\n'), Buffer.alloc(50 * MIB, `A,1${' '.repeat(9996)}\n`)]),
      { level: 1 },
    );
    expect(await survives(expression, long)).toMatch(/expands to more than 50 times its size/);
    expect(await survives(clinical, `patient_id,a\n${'P,1\n'.repeat(300_000)}`)).toMatch(/more than 300000 rows/);
    const gdc = join(folder, 'gdc');
    mkdirSync(gdc);
    writeFileSync(
      join(gdc, 'TCGA-02-0001-01A.star_gene_counts.tsv'),
      gzipSync(Buffer.alloc(140 * MIB, 'x'), { level: 1 }),
    );
    await expect(expression(gdc)).rejects.toThrow(/larger than 128 MiB/);
  });
});

it('names what a binary file is', async () => {
  expect(await survives(clinical, 'PK\x03\x04sheet')).toMatch(/Excel or zip file.*Save the sheet as CSV/);
  expect(await survives(clinical, Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'))).toMatch(/UTF-16/);
  expect(
    await survives(clinical, readFileSync(join(import.meta.dirname, '../cohort/expression/fixtures/csr.h5ad'))),
  ).toMatch(/an HDF5 file/);
});
