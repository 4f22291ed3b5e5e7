import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { long, pickle, tensor, text, torchFile } from '../../cohort/bags/hostile-files.test.helper.js';
import { CBIOPORTAL, MCAT, starCounts, XENA } from '../../cohort/expression/fixtures.test.helper.js';
import { encodeSafetensors } from '../../files/safetensors.js';
import { RUN_FILES } from '../../runs/open-run.js';
import {
  encodedTiles,
  jpeg2000,
  madePicture,
  madeTiff,
  rgbTags,
  sharpOf,
  type Tag,
} from '../../slides/made-slides.test.helper.js';
import { train } from '../../training/train.js';
import { shortConfig, tinyCohort } from '../tiny-cohort.js';
import { wholeFolder } from './kinds.js';

/** Small whole files of every kind, from which the damaged ones are made. */

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Files of the repository: they lie beside the sources, not in the build. */
const kept = (path: string): Buffer => readFileSync(fileURLToPath(new URL(`../../../src/${path}`, import.meta.url)));
const keptBags = (...names: readonly string[]): Files =>
  Object.fromEntries(names.map((name) => [name, kept(`cohort/testdata/bags/${name}`)]));

const CLINICAL: Files = {
  'own.csv':
    'patient_id,months,event,age,sex\nTCGA-02-0001,1,1,50,male\nTCGA-02-0002,2.5,0,61,female\n"TCGA-02-0003",12,Dead,,\n',
  'gdc.tsv':
    "case_submitter_id\tvital_status\tdays_to_death\tdays_to_last_follow_up\nTCGA-02-0001\tDead\t350\t'--\nTCGA-02-0002\tAlive\t'--\t700\n",
  'cbioportal.tsv':
    '#Patient\tStatus\tMonths\n#STRING\tSTRING\tNUMBER\nPATIENT_ID\tOS_STATUS\tOS_MONTHS\nTCGA-02-0001\t1:DECEASED\t11.5\n',
  'mcat.csv': MCAT,
};

const MATRIX = 'gene,TCGA-02-0001,TCGA-02-0002\nTSPAN6,1,2\nTNMD,"3",4e-1\nOTHER,5,6\n';

const EXPRESSION: Files = {
  'matrix.csv': MATRIX,
  'matrix.csv.gz': gzipSync(MATRIX),
  'cbioportal.tsv': CBIOPORTAL,
  'xena.tsv': XENA,
  'mcat.csv': MCAT,
  'matrix.gct':
    '#1.2\n3\t2\nName\tDescription\tTCGA-02-0001\tTCGA-02-0002\nTSPAN6\tx\t1\t2\nTNMD\tx\t3\t4\nOTHER\tx\t5\t6\n',
  'TCGA-02-0001-01A.star_gene_counts.tsv': starCounts([['ENSG00000000003.15', 'TSPAN6', 1]]),
};

const GENE_SETS: Files = {
  'sets.gmt': 'TUMOUR\tx\tTSPAN6\tEGFR\nMICROENVIRONMENT\tx\tTNMD\tCD163\n',
  'sets.csv': 'gene,type\nTSPAN6,TUMOUR\nTNMD,MICROENVIRONMENT\n',
};

/** A matrix of n rows, without a repeated number. */
const numbers = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.sin(i + 1));

/** A state dict of two tensors and a number, as torch.save writes one. */
const checkpoint = (): Buffer =>
  torchFile(
    pickle(
      '}(',
      text('a.weight'),
      tensor([5n, 4n], [4n, 1n]),
      text('a.bias'),
      tensor([4n], [1n], 4n),
      text('n'),
      long(3n),
      'u.',
    ),
  );

const PLAN = `config: cohort.yaml
set: { training.epochs: 5, training.batch: 6 }
models: [subspace, abmil]
folds: [0, 1]
seeds: [1, 2]
tasks: [survival, { column: idh_status }]
variants: { plain: {}, narrow: { model.bag: 64 } }
slurm: { time: 1:00:00, setup: module load cuda }
`;

async function slides(): Promise<Readonly<Record<string, Files>>> {
  const picture = madePicture(200, 150);
  const tiles = (encode: (tile: Uint8Array) => Promise<Uint8Array> | Uint8Array) => encodedTiles(picture, 64, encode);
  const describe: Tag = [270, 'ascii', 'Aperio Image Library\r\n200x150 |AppMag = 20|MPP = 0.499'];
  const tiff = (compression: 'none' | 'lzw' | 'deflate' | 'jpeg' | 'packbits', pyramid: boolean) =>
    sharpOf(picture).tiff({ compression, tile: true, tileWidth: 64, tileHeight: 64, pyramid }).toBuffer();
  const plain = await tiles((tile) => tile);
  const coded = await tiles(jpeg2000);
  const [rgb, wavelets] = [rgbTags(picture, 64, 1), rgbTags(picture, 64, 33005)];
  return {
    'slides tiff': {
      'plain.svs': madeTiff([{ tags: [...rgb, describe], tiles: plain }]),
      'big-motorola.tif': madeTiff([{ tags: rgb, tiles: plain }], { littleEndian: false, big: true }),
      'sub-images.tif': madeTiff([{ tags: rgb, tiles: plain, subImages: [{ tags: rgb, tiles: plain }] }]),
      'lzw.tif': await tiff('lzw', false),
      'deflate.tif': await tiff('deflate', true),
      'jpeg.tif': await tiff('jpeg', true),
      'packbits.tif': await tiff('packbits', false),
    },
    'slides jpeg': {
      'plain.jpg': await sharpOf(picture).jpeg().toBuffer(),
      'progressive.jpg': await sharpOf(picture).jpeg({ progressive: true, quality: 60 }).toBuffer(),
    },
    'slides png': {
      'plain.png': await sharpOf(picture).png().toBuffer(),
      'palette.png': await sharpOf(picture).png({ palette: true }).toBuffer(),
    },
    'slides jp2': { 'wavelets.svs': madeTiff([{ tags: [...wavelets, describe], tiles: coded }]) },
  };
}

/** Writes the whole files of these kinds into folders below `folder`. */
export async function writeWholeFiles(folder: string, kinds: readonly string[]): Promise<void> {
  const files: Record<string, Files> = {
    clinical: CLINICAL,
    expression: EXPRESSION,
    h5ad: Object.fromEntries(
      ['csr', 'csc', 'dense', 'by-column'].map((name) => [
        `${name}.h5ad`,
        kept(`cohort/expression/fixtures/${name}.h5ad`),
      ]),
    ),
    'gene sets': GENE_SETS,
    'bags h5': keptBags('clam.h5', 'trident.h5', 'stamp.h5', 'reference.h5'),
    'bags npy': keptBags('f32.npy', 'f16.npy', 'version2.npy'),
    'bags safetensors': keptBags('dict.safetensors', 'brains.safetensors'),
    'bags pt': keptBags('dict.pt', 'trident.pt', 'protocol4.pt', 'slice.pt'),
    checkpoints: {
      'layers.pth': kept('portable/testdata/layers.pth'),
      'small.pth': checkpoint(),
      'small.safetensors': encodeSafetensors(
        [
          ['a.weight', { shape: [5, 4], data: numbers(20) }],
          ['a.bias', { shape: [4], data: numbers(4) }],
        ],
        { epoch: '3' },
      ),
    },
    plan: { 'plan.yaml': PLAN },
    ...(kinds.some((kind) => kind.startsWith('slides')) ? await slides() : {}),
  };
  for (const kind of kinds) {
    const into = wholeFolder(folder, kind);
    mkdirSync(into, { recursive: true });
    for (const [name, content] of Object.entries(files[kind] ?? {})) writeFileSync(join(into, name), content);
  }
  if (kinds.includes('run') || kinds.includes('config')) await writeRun(folder, kinds);
}

/** A trained run, and the config of its cohort. */
async function writeRun(folder: string, kinds: readonly string[]): Promise<void> {
  const cohort = await tinyCohort(join(folder, 'cohort'));
  if (kinds.includes('config')) cpSync(cohort, join(wholeFolder(folder, 'config'), 'cohort.yaml'));
  if (!kinds.includes('run')) return;
  await train({ config: await shortConfig(cohort), out: wholeFolder(folder, 'run') });
  // It is large, and read by `--resume` only.
  rmSync(join(wholeFolder(folder, 'run'), RUN_FILES.state));
}
