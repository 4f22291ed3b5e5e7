import { runFileNamed } from '../run-files.js';

/** What dropped files are, by their names; whether they are that, the readers find out. */
export interface SortedFiles {
  /** By the names that a run folder has for them. */
  readonly run: Readonly<Record<string, File>>;
  readonly bags: readonly File[];
  readonly expression: readonly File[];
  readonly slides: readonly File[];
  readonly unknown: readonly File[];
}

/** Others that lie in a run folder and are not needed. */
const RUN_OTHERS = /^(split|patients|made|validation-predictions)\.json$|^metrics\.jsonl$|^state\.safetensors$/;
const BAG = /\.(h5|hdf5|pt|pth|npy|safetensors)$/i;
const SLIDE = /\.(svs|tiff?|png|jpe?g)$/i;
const EXPRESSION = /\.(csv|tsv|txt|tab|h5ad)(\.gz)?$/i;

/** Whether a file of this name in a run folder is read. */
export const isRunFile = (name: string): boolean => runFileNamed(name) !== undefined;

export function sortFiles(files: Iterable<File>): SortedFiles {
  const run: Record<string, File> = {};
  const [bags, expression, slides, unknown]: File[][] = [[], [], [], []];
  for (const file of files) {
    const inRun = runFileNamed(file.name);
    if (inRun !== undefined) run[inRun] = file;
    else if (RUN_OTHERS.test(file.name)) continue;
    else if (BAG.test(file.name)) bags.push(file);
    else if (SLIDE.test(file.name)) slides.push(file);
    else if (EXPRESSION.test(file.name)) expression.push(file);
    else unknown.push(file);
  }
  return { run, bags: bags, expression: expression, slides: slides, unknown: unknown };
}
