import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { checkBag } from '../../cohort/bags/features.js';
import { readClinical } from '../../cohort/clinical/read.js';
import { readExpression } from '../../cohort/expression/read.js';
import { readSubspaceGenes } from '../../cohort/genes/gene-sets.js';
import { loadConfig } from '../../config/config.js';
import { folderStore, readSafetensors } from '../../files/file-source.js';
import { bytesSource, type Store } from '../../files/source.js';
import { readPlanFile } from '../../planning/plan-file.js';
import { readStateDict } from '../../portable/state-dict.js';
import { openRun } from '../../runs/open-run.js';
import { openSlideFile } from '../../slides/open-slide-file.js';
import * as landmarks from './landmarks.js';
import type { Mutator } from './mutate.js';

/** A kind of file that users bring, and what reads it. */
export interface Kind extends Mutator {
  /**
   * Reads a damaged file, as much of it as a command would.
   * @param whole The folder of the whole files of this kind.
   */
  readonly read: (path: string, whole: string) => Promise<unknown>;
}

const PATIENTS = new Set(['TCGA-02-0001', 'TCGA-02-0002']);
const geneMap = new Map([['ENSG00000000003', 'TSPAN6']]);
const context = { patients: PATIENTS, genes: new Set(['TSPAN6', 'TNMD']), geneMap };
const SETS = { tumour: 'TUMOUR', microenvironment: 'MICROENVIRONMENT' };

const expression = (path: string) => readExpression(path, context, []);

/** Of each level the upper left corner, and a part of the middle. */
async function slide(path: string): Promise<void> {
  const opened = await openSlideFile(path);
  try {
    for (const [level, { width, height }] of opened.levels.entries()) {
      await opened.read(level, { x: 0, y: 0, width: Math.min(256, width), height: Math.min(256, height) });
      await opened.read(level, { x: width >> 1, y: height >> 1, width: 64, height: 64 });
    }
  } finally {
    await opened.close();
  }
}

/** All that commands read of a run's folder, one file of which is the damaged one. */
async function run(path: string, whole: string): Promise<void> {
  const folder = folderStore(whole);
  const damaged = nameOf(path);
  const bytes = await readFile(path);
  const store: Store = {
    name: 'run',
    open: (name) => (name === damaged ? Promise.resolve(bytesSource(bytes, name)) : folder.open(name)),
  };
  const opened = await openRun(store);
  await opened.config();
  await opened.split();
  await opened.checkpoint();
  await opened.epochs();
  await opened.result();
  await opened.predictions();
  await opened.validationPredictions();
  await opened.confidence();
}

/** The name of the whole file that a damaged one was made of: it comes after the number. */
const nameOf = (path: string): string => basename(path).replace(/^\d+-/, '');

const text = { isText: true };

/** All kinds, by their names in the table of figures. */
export const KINDS: Readonly<Record<string, Kind>> = {
  clinical: {
    ...text,
    read: (file) =>
      readClinical(
        nameOf(file).startsWith('own')
          ? { file, patient: 'patient_id', time: 'months', event: 'event', timeUnit: 'months' }
          : { file, patient: 'patient_id', timeUnit: 'months' },
        [],
      ),
  },
  expression: { ...text, read: expression },
  h5ad: { landmarks: landmarks.HDF5, read: expression },
  'gene sets': { ...text, read: (file) => readSubspaceGenes({ file, ...SETS }, []) },
  'bags h5': { landmarks: landmarks.HDF5, read: checkBag },
  'bags npy': { isText: true, read: checkBag },
  'bags safetensors': { isText: true, read: checkBag },
  'bags pt': { landmarks: landmarks.ZIP, read: checkBag },
  'slides tiff': { landmarks: landmarks.TIFF, read: slide },
  'slides jpeg': { landmarks: landmarks.JPEG, read: slide },
  'slides png': { landmarks: landmarks.PNG, read: slide },
  'slides jp2': { landmarks: landmarks.TIFF_JPEG_2000, read: slide },
  checkpoints: {
    landmarks: landmarks.ZIP,
    read: (file) => (file.endsWith('.pth') ? readStateDict(file) : readSafetensors(file)),
  },
  config: { ...text, read: (file) => loadConfig(file) },
  plan: { ...text, read: (file) => readPlanFile(file) },
  run: { ...text, read: run },
};

/** The folder of the whole files of a kind. */
export const wholeFolder = (folder: string, kind: string): string => join(folder, 'whole', kind.replaceAll(' ', '-'));
