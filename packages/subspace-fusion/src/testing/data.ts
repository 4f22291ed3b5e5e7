import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const testdata = (name: string) => fileURLToPath(new URL(`../../testdata/${name}`, import.meta.url));
const present = <T extends { readonly folder: string }>(all: readonly T[]): T[] =>
  all.filter(({ folder }) => existsSync(folder));

/** The invented cohort of this repository: tables, gene sets and features in the layout of the public TCGA glioma data. */
const INVENTED = testdata('invented');

/** That cohort, and the public data where they lie beside the repository. */
export const cohorts = present([
  { cohort: 'invented', folder: INVENTED },
  { cohort: 'TCGA', folder: '../shared/data' },
] as const);

/** Slices of public slides, and the whole slides where they lie beside the repository; each folder with what OpenSlide reads in it. */
export const slideFolders = present([
  { slides: 'slices', folder: testdata('slides'), openslide: testdata('slides/openslide.json') },
  {
    slides: 'whole',
    folder: '../shared/data/slides',
    openslide: fileURLToPath(new URL('../slides/testdata/openslide.json', import.meta.url)),
  },
] as const);

/** First rows of two STAR-counts files of the GDC. */
export const GDC = testdata('gdc');
