import { homedir, tmpdir } from 'node:os';
import { dirname } from 'node:path';
import type { Pseudonyms } from '../files/pseudonyms.js';
import { withCodes } from './comparison-page.js';
import type { ExplainedPatient, ReportInput, ReportRun } from './types.js';
import { withoutFolders } from './words.js';

/** A value like the given one in which every string, at any depth, went through `change`. */
function mapStrings<T>(value: T, change: (text: string) => string): T {
  const walk = (inner: unknown): unknown => {
    if (typeof inner === 'string') return change(inner);
    if (Array.isArray(inner)) return inner.map(walk);
    if (typeof inner === 'object' && inner !== null)
      return Object.fromEntries(Object.entries(inner).map(([key, of]) => [change(key), walk(of)]));
    return inner;
  };
  return walk(value) as T;
}

const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/;

/** Patterns of folders that texts about these runs may name, with what is below them: those of absolute paths in their configs, and those of this machine. */
function foldersOf(runs: readonly ReportRun[]): RegExp[] {
  const folders = new Set([process.cwd(), homedir(), tmpdir()]);
  mapStrings(
    runs.map(({ config }) => config),
    (text) => {
      if (ABSOLUTE.test(text)) for (const folder of foldersAbove(text)) folders.add(folder);
      return text;
    },
  );
  return [...folders]
    .filter((folder) => folder.length > 1)
    .sort((a, b) => b.length - a.length)
    .map(
      (folder) => new RegExp(`${folder.replace(/[\\^$*+?.()|[\]{}]/g, '\\$&')}[\\\\/](?:[^\\s\\\\/:"']+[\\\\/])*`, 'g'),
    );
}

/** `/a/b c/d.h5` → `/a/b c`, `/a`. */
function foldersAbove(path: string): string[] {
  const above = path.includes('\\') ? path.replace(/[\\/][^\\/]*$/, '') : dirname(path);
  return above === path || above === '' || /^(?:[A-Za-z]:|\/|\.)$/.test(above) ? [] : [above, ...foldersAbove(above)];
}

/**
 * The report without the folders of the machine that it was made on. Known folders go first, since a name with blanks in the middle of a sentence cannot
 * be told from the words around it.
 */
export function withoutMachine(input: ReportInput): ReportInput {
  const folders = foldersOf(input.runs);
  return mapStrings(input, (text) => {
    if (text.startsWith('data:image/') || !/[\\/]/.test(text)) return text;
    const known = folders.reduce((shorter, folder) => shorter.replace(folder, ''), text);
    return withoutFolders(known);
  });
}

/**
 * The report with codes for patients. Slides are numbered, since their names may tell a patient too, and pictures under the maps are left out, since they may
 * show a label.
 */
export function pseudonymised(input: ReportInput, { codeOf, inText }: Pseudonyms): ReportInput {
  const runs = input.runs.map((run) => ({
    ...run,
    explanations: { ...run.explanations, patients: run.explanations.patients.map((p) => anonymousSlides(p, codeOf)) },
  }));
  const coded = runs.map((run) => ({
    ...run,
    predictions: codedPredictions(run.predictions, codeOf),
    ...(run.comparison ? { comparison: withCodes(run.comparison, codeOf) } : {}),
  }));
  return { ...mapStrings({ ...input, runs: coded }, inText), pseudonymised: true };
}

function codedPredictions(
  predictions: ReportRun['predictions'],
  codeOf: Pseudonyms['codeOf'],
): ReportRun['predictions'] {
  if (predictions.kind === 'survival')
    return { ...predictions, rows: predictions.rows.map((row) => ({ ...row, patient: codeOf(row.patient) })) };
  return { ...predictions, rows: predictions.rows.map((row) => ({ ...row, patient: codeOf(row.patient) })) };
}

function anonymousSlides({ explanation }: ExplainedPatient, codeOf: Pseudonyms['codeOf']): ExplainedPatient {
  const names = explanation.slides.map(({ slide }, i) => [slide, `slide ${i + 1}`] as const);
  const inWords = (text: string) => names.reduce((shorter, [slide, name]) => shorter.replaceAll(slide, name), text);
  return {
    explanation: {
      ...explanation,
      patient: codeOf(explanation.patient),
      slides: explanation.slides.map((slide, i) => ({ ...slide, slide: `slide ${i + 1}` })),
      notes: explanation.notes.map(inWords),
    },
    thumbnails: explanation.slides.map(() => undefined),
  };
}
