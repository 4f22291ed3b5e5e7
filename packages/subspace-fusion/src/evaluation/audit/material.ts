import { realpath, stat } from 'node:fs/promises';
import { sha256File } from '../../cohort/cohort-files.js';
import { gatherCohort } from '../../cohort/load.js';
import type { Cohort, Patient, Split } from '../../cohort/types.js';
import type { Config } from '../../config/config.js';
import { counted, InputError, someOf, type Problem } from '../../files/errors.js';
import { alikePairs, summariseBag, type AlikePair, type AuditedSlide } from './alike-slides.js';
import { inWords, onSeveralSides, partsOf, type LocalFinding } from './findings.js';
import { secondIds, type SecondId } from './second-ids.js';

/** Feature files with one content, each with its patient. */
export interface SameFile {
  readonly how: 'one file' | 'files of the same bytes';
  readonly slides: readonly { readonly patient: string; readonly slide: string }[];
}

/**
 * Feature files that several patients, or slides of one, have in common: by path, links followed, or by content. Only files of equal size are hashed.
 */
async function sameFiles(patients: readonly Patient[]): Promise<SameFile[]> {
  const files = await Promise.all(
    patients.flatMap(({ id, bags }) =>
      bags.map(async ({ slide, path }) => ({
        patient: id,
        slide,
        path: await realpath(path),
        size: (await stat(path)).size,
      })),
    ),
  );
  const byPath = groups(files, ({ path }) => path);
  const oneOfEach = byPath.map(([first]) => first);
  const hashed: { file: (typeof files)[number]; hash: string }[] = [];
  for (const sameSize of groups(oneOfEach, ({ size }) => String(size))) {
    if (sameSize.length > 1) for (const file of sameSize) hashed.push({ file, hash: await sha256File(file.path) });
  }
  const byContent = groups(hashed, ({ hash }) => hash).map((same) => same.map(({ file }) => file));
  return [
    ...byPath.filter((same) => same.length > 1).map((slides) => ({ how: 'one file' as const, slides })),
    ...byContent
      .filter((same) => same.length > 1)
      .map((slides) => ({ how: 'files of the same bytes' as const, slides })),
  ];
}

function groups<T>(items: readonly T[], by: (item: T) => string): T[][] {
  const grouped = new Map<string, T[]>();
  for (const item of items) grouped.set(by(item), [...(grouped.get(by(item)) ?? []), item]);
  return [...grouped.values()];
}

/** What files in common mean for a split: a leak where their patients are on different sides. */
export function sameFileFindings(same: readonly SameFile[], split: Split): LocalFinding[] {
  const partOf = partsOf(split);
  return same.flatMap(({ how, slides }): LocalFinding[] => {
    const divided = slides.filter(({ patient }) => partOf(patient) !== undefined);
    const patients = [...new Set(divided.map(({ patient }) => patient))];
    if (divided.length < 2) return [];
    const names = someOf(divided.map(({ slide }) => slide));
    const who = divided.map(({ patient, slide }) => `${patient}: ${slide}`);
    if (patients.length === 1) {
      return [
        {
          kind: 'slide',
          severity: 'note',
          message: `${counted(divided.length, 'slide')} of ${patients[0]} are ${how} (${names})`,
          who,
          remedy: 'Delete all but one',
        },
      ];
    }
    const leak = onSeveralSides(patients, partOf);
    return [
      {
        kind: 'slide',
        severity: leak ? 'leak' : 'note',
        message: `the slides of ${inWords(patients, partOf)} are ${how} (${names})`,
        who,
        remedy: `Find out whose slide it is and delete the others${leak ? ', then train again' : ''}`,
      },
    ];
  });
}

/** A cohort with what an audit compares of it, whatever the split. */
export interface Material {
  readonly cohort: Cohort;
  readonly same: readonly SameFile[];
  readonly alike: readonly AlikePair[];
  readonly secondIds: readonly SecondId[];
  readonly slides: number;
}

/** The config that a control's patients have their own slides in. */
export function withoutPermutation(config: Config): Config {
  const { permuteBags, ...features } = config.features;
  return permuteBags === undefined ? config : { ...config, features };
}

/**
 * Loads a cohort and reads all of its slides. A control's exchange of slides is left out: it is what the control is.
 * @throws InputError naming every error in the files
 */
export async function readMaterial(config: Config, onSlide?: (done: number, of: number) => void): Promise<Material> {
  const { cohort, problems } = await gatherCohort(withoutPermutation(config));
  if (!cohort) throw new InputError(problems.filter(({ severity }: Problem) => severity === 'error'));
  const { patients } = cohort;
  const bags = patients.flatMap(({ id, bags }) => bags.map((bag) => ({ patient: id, ...bag })));
  const slides: AuditedSlide[] = [];
  for (const { patient, slide, path } of bags) {
    slides.push({ patient, slide, ...(await summariseBag(path)) });
    onSlide?.(slides.length, bags.length);
  }
  const same = await sameFiles(patients);
  const isOneFile = ({ slides }: AlikePair) =>
    same.some((file) =>
      slides.every((own) => file.slides.some(({ patient, slide }) => patient === own.patient && slide === own.slide)),
    );
  return {
    cohort,
    same,
    alike: alikePairs(slides).filter((pair) => !isOneFile(pair)),
    secondIds: secondIds(cohort),
    slides: slides.length,
  };
}

/** What decides which patients and slides there are: of runs that share it the slides are read once. */
export function materialKey(config: Config): string {
  return JSON.stringify({
    ...withoutPermutation(config),
    name: undefined,
    split: undefined,
    training: undefined,
    model: undefined,
    provider: undefined,
    covariates: undefined,
  });
}
