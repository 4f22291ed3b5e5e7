import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, parseConfig } from '../config/config.js';
import { defined } from '../testing/defined.js';
import { hashInputs, sha256File } from './cohort-files.js';
import { MCAT, writeGdcDownload } from './expression/fixtures.test.helper.js';
import { inspectCohort } from './inspect.js';
import { loadCohort } from './load.js';
import { newFolder, write, writeBag } from './made-files.test.helper.js';

const PATIENTS = `#Patient Identifier\tStatus\tMonths
#STRING\tSTRING\tNUMBER
PATIENT_ID\tOS_STATUS\tOS_MONTHS
TCGA-02-0001\t1:DECEASED\t11.5
TCGA-02-0002\t0:LIVING\t30
`;
const SAMPLES = `#Patient\tSample\tIDH\tCodeletion\tGrade
PATIENT_ID\tSAMPLE_ID\tIDH\tARMS\tGRADE
TCGA-02-0001\tTCGA-02-0001-01\tIDHmut-codel\tIDHmut-codel\tG2
TCGA-02-0002\tTCGA-02-0002-01\tIDHwt\tIDHwt\tG4
`;

/** A cohort as it comes: cBioPortal's clinical files, the GDC's expression, two lists of genes, slides named by barcodes. */
async function writeCohort(extra = ''): Promise<string> {
  const folder = newFolder();
  for (const name of ['gdc', 'h5']) mkdirSync(join(folder, name));
  writeGdcDownload(join(folder, 'gdc'));
  write(folder, 'data_clinical_patient.txt', PATIENTS);
  write(folder, 'data_clinical_sample.txt', SAMPLES);
  write(folder, 'tumour.txt', 'TSPAN6\nIDH1\n');
  write(folder, 'immune.txt', 'TNMD\nCD99\nTSPAN6\n');
  for (const slide of ['TCGA-02-0001-01Z-00-DX1.A', 'tcga.02.0002.01Z.00.DX1.B']) {
    await writeBag(join(folder, 'h5'), `${slide}.h5`, {
      shape: [4, 8],
      features: new Float32Array(32).fill(1),
      encoder: 'resnet50',
    });
  }
  const text = `name: as it comes
clinical: {file: [data_clinical_patient.txt, data_clinical_sample.txt], columns: {idh: IDH, codeletion: ARMS, grade: GRADE}}
expression: {file: gdc}
geneSets: {file: tumour.txt, microenvironmentFile: immune.txt}
features: {folder: h5}
${extra}`;
  return write(folder, 'cohort.yaml', text);
}

describe('a cohort of files as they come', () => {
  it('joins TCGA barcodes of patients, samples and slides', async () => {
    const { cohort } = await loadCohort(await loadConfig(await writeCohort()));
    expect(cohort.patients.map(({ id, survival, bags }) => [id, survival, bags.length])).toEqual([
      ['TCGA-02-0001', { time: 11.5, event: true }, 1],
      ['TCGA-02-0002', { time: 30, event: false }, 1],
    ]);
    expect(cohort).toMatchObject({
      transform: 'log2p1',
      genes: { tumour: ['TSPAN6'], microenvironment: ['TNMD', 'CD99', 'TSPAN6'] },
    });
  });

  it('knows patients by the samples that the clinical table lists', async () => {
    const path = await writeCohort();
    const folder = join(path, '..');
    const renamed = (text: string) =>
      text.replace(/TCGA-02-000(\d)-01/g, 'S-$1-T01').replace(/TCGA-02-000(\d)/g, 'P-$1');
    write(folder, 'data_clinical_patient.txt', renamed(PATIENTS));
    write(folder, 'data_clinical_sample.txt', renamed(SAMPLES));
    const matrix = write(
      folder,
      'data_mrna_seq_v2_rsem.txt',
      'Hugo_Symbol\tS-1-T01\tS-2-T01\tS-3-T01\nTSPAN6\t1\t2\t3\nTNMD\t100\t200\t300\nCD99\t1\t1\t1\n',
    );
    const { expression } = await inspectCohort(await loadConfig(path, { 'expression.file': matrix }));
    expect(expression).toMatchObject({ format: 'cbioportal', patients: 2, otherPatients: 1 });
  });

  it('reads patients, expression and slides from one table of MCAT', async () => {
    const path = await writeCohort();
    const folder = join(path, '..');
    const table = write(folder, 'tcga_gbmlgg_all_clean.csv', MCAT);
    write(folder, 'immune.txt', 'TNMD\n');
    await writeBag(join(folder, 'h5'), 'TCGA-02-0002-01Z-00-DX1.C.h5', {
      shape: [4, 8],
      features: new Float32Array(32),
      encoder: 'resnet50',
    });
    const overrides = {
      'clinical.file': table,
      'clinical.moreFiles': 'null',
      'clinical.columns': 'null',
      'expression.file': table,
      'features.slides': table,
    };
    const { cohort } = await loadCohort(await loadConfig(path, overrides));
    expect(cohort.patients.map(({ id, survival, bags }) => [id, survival, bags.length])).toEqual([
      ['TCGA-02-0001', { time: 10.5, event: true }, 1],
      ['TCGA-02-0002', { time: 30, event: false }, 1],
    ]);
  });

  it('ends the inspection with a config that means the same', async () => {
    const config = await loadConfig(await writeCohort());
    const inspection = await inspectCohort(config);
    const understood = parseConfig(inspection.understood, '/elsewhere/cohort.yaml');
    expect(understood.clinical).toMatchObject({
      patient: 'PATIENT_ID',
      time: 'os_time',
      event: 'os_event',
      columns: { idh: 'IDH' },
    });
    expect(understood.expression).toMatchObject({ format: 'gdc', transform: 'log2p1' });
    expect(understood.features.encoder).toBe('resnet50');
    expect((await loadCohort(understood)).cohort).toEqual((await loadCohort(config)).cohort);
    expect((await inspectCohort(understood)).understood).toBe(inspection.understood);
  });

  it('reports the sets of the package, and leaves them to it', async () => {
    const path = await writeCohort();
    const config = await loadConfig(path, { geneSets: '{}' });
    const genes = ['OLIG2', 'SOX4', 'CD74', 'CX3CR1', 'GAPDH'];
    const rows = genes.map((gene, g) => `${gene},${g},${g + 0.5}\n`).join('');
    config.expression = {
      file: write(join(path, '..'), 'few.csv', `gene,TCGA-02-0001,TCGA-02-0002\n${rows}`),
      transform: 'log2p1',
    };
    const inspection = await inspectCohort(config);
    expect(inspection).toMatchObject({
      defaultGeneSets: true,
      geneSetOverlap: [],
      geneSets: [
        { set: 'TUMOUR', genes: 810, inMatrix: 2, used: 2 },
        { set: 'MICROENVIRONMENT', genes: 952, inMatrix: 2, used: 2 },
      ],
    });
    expect(parseConfig(inspection.understood, path).geneSets).toEqual({
      tumour: 'TUMOUR',
      microenvironment: 'MICROENVIRONMENT',
    });
    // sha256sum gene-sets/glioma.gmt
    expect((await hashInputs(config)).geneSets).toBe(await sha256File(inspection.geneSetsFile));
  });

  it('tells formats, samples, markers, overlap and who has no label', async () => {
    const inspection = await inspectCohort(await loadConfig(await writeCohort('task: subtype\n')));
    expect(inspection).toMatchObject({
      clinical: { format: 'cbioportal', markers: { idh_status: 2, codel_1p19q: 2, histologic_grade: 2 } },
      expression: { format: 'gdc', severalSamples: [{ patient: 'TCGA-02-0001' }], repeatedGenes: [{ symbol: 'CD99' }] },
      geneSetOverlap: ['TSPAN6'],
      withoutLabel: { 'IDH wild type without a criterion of glioblastoma, not all of them tested': ['TCGA-02-0002'] },
    });
    expect(defined(inspection.expression).normalSamples).toHaveLength(1);
  });

  it('lists inputs that are part of the label’s definition', async () => {
    const path = await writeCohort('task: diagnosis\nlabels: paper\n');
    const warnings = async (overrides: Record<string, string>) => {
      const { problems } = await inspectCohort(await loadConfig(path, overrides));
      return problems.filter(({ message }) => message.includes('definition')).map(({ message }) => message);
    };
    const folder = join(path, '..');
    write(folder, 'tumour.txt', 'CD99\nCDKN2A\n');
    const matrix = write(
      folder,
      'matrix.csv',
      'gene,TCGA-02-0001,TCGA-02-0002\nCDKN2A,-1,2\nCD99,1,2\nTNMD,1,2\nTSPAN6,1,2\n',
    );
    expect(await warnings({ 'expression.file': matrix })).toEqual([
      expect.stringMatching(/^the expression of CDKN2A is an input/),
    ]);
    expect(await warnings({ 'expression.file': matrix, task: 'survival' })).toEqual([]);
  });

  it('hashes folders and lists of files by content', async () => {
    const [one, other] = [await loadConfig(await writeCohort()), await loadConfig(await writeCohort())];
    expect(await hashInputs(one)).toEqual(await hashInputs(other));
    write(join(other.expression.file, 'a1'), 'new.txt', 'x');
    write(join(other.clinical.file, '..'), 'data_clinical_sample.txt', SAMPLES.replace('G2', 'G3'));
    const [before, after] = [await hashInputs(one), await hashInputs(other)];
    expect([
      before.clinical === after.clinical,
      before.expression === after.expression,
      before.geneSets === after.geneSets,
    ]).toEqual([false, false, true]);
  });
});
