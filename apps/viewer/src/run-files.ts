import { RUN_FILES } from 'subspace-fusion/browser';

/** Files of a run folder that the page reads. All but the first two may be missing. */
export const PAGE_RUN_FILES = [
  RUN_FILES.model,
  RUN_FILES.checkpoint,
  RUN_FILES.config,
  RUN_FILES.predictions,
  RUN_FILES.result,
  RUN_FILES.confidence,
  RUN_FILES.background,
] as const;

/** Files of a run by the names that its folder has for them. */
export type RunFiles = Readonly<Record<string, Blob>>;

/** The name in a run folder of a file that was dropped by its own name alone; undefined for one that the page does not read. */
export const runFileNamed = (name: string): string | undefined =>
  PAGE_RUN_FILES.find((file) => file === name || file.endsWith(`/${name}`));
