import { parseOfferedPatients, RUN_FILES, type OfferedPatient } from 'subspace-fusion/browser';

/** Files of a run folder that the page reads. All but the first two may be missing. */
const PAGE_RUN_FILES = [
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

export type { OfferedPatient } from 'subspace-fusion/browser';

const inRun = (name: string) => new URL(`run/${name}`, document.baseURI);

async function fetched(name: string): Promise<Blob | undefined> {
  const answer = await fetch(inRun(name)).catch(() => undefined);
  return answer?.ok ? answer.blob() : undefined;
}

/** The files of the run in the page's own folder; undefined where there is none. */
export async function fetchRun(): Promise<RunFiles | undefined> {
  const files = await Promise.all(PAGE_RUN_FILES.map(async (name) => [name, await fetched(name)] as const));
  const found = files.filter((file): file is [(typeof PAGE_RUN_FILES)[number], Blob] => file[1] !== undefined);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** Patients whose files are in the page's own folder. */
export async function fetchPatients(): Promise<readonly OfferedPatient[]> {
  const list = await fetched('patients.json');
  return list ? parseOfferedPatients(await list.text()) : [];
}

/** One of their files. */
export async function fetchFile(name: string): Promise<File> {
  const content = await fetched(name);
  if (!content) throw new Error(`${name} could not be fetched`);
  return new File([content], name.slice(name.lastIndexOf('/') + 1));
}
