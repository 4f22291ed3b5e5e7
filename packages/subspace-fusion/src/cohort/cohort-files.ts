import { bagSizeProblems } from './bag-size.js';
import { checkTask } from './check-task.js';
import { readClinical, type ClinicalTable } from './clinical.js';
import { convertTime } from './clinical/time-unit.js';
import type { Config } from './config.js';
import { decideTransform, readExpression, transformProblems, type ExpressionFile } from './expression.js';
import type { GeneMap } from './expression/gene-names.js';
import { withoutLabel } from './flow.js';
import { includePatients } from './include.js';
import { joinPatients, readHeaders, type Joined } from './join.js';
import { collecting, type Problem } from './problems.js';
import { findSlides, type Slides } from './slides.js';
import type { BagHeader, CohortFlow, ExpressionTransform, Patient, TimeUnit } from './types.js';

/** All that was read of one cohort's files; what could not be read is undefined. */
export interface CohortFiles {
  readonly config: Config;
  /** Patients that `include` takes. */
  readonly clinical: ClinicalTable | undefined;
  readonly expression: ExpressionFile | undefined;
  readonly transform: ExpressionTransform | undefined;
  readonly slides: Slides | undefined;
  readonly joined: Joined;
  /** Headers of the complete patients' bags by path; of all patients' where the expression could not be read. */
  readonly headers: ReadonlyMap<string, BagHeader>;
  readonly flow: CohortFlow | undefined;
}

const NOBODY: Joined = { complete: [], incomplete: [], neither: 0 };

/**
 * Reads one cohort's files and joins them by patient; what is wrong goes to `problems`.
 * @param genes The genes that a model needs.
 */
export async function readCohortFiles(
  config: Config,
  genes: ReadonlySet<string>,
  geneMap: GeneMap | undefined,
  problems: Problem[],
): Promise<CohortFiles> {
  const everybody = await collecting(problems, () => readClinical(config.clinical, problems, config.task));
  const included = everybody && (await collecting(problems, async () => includePatients(everybody, config, problems)));
  const clinical = included?.table;
  const ids = clinical && new Set(clinical.patients.map(({ id }) => id));
  const context = { patients: ids, genes, geneMap, samples: clinical?.samples };
  const expression = await collecting(problems, () =>
    readExpression(config.expression.file, context, problems, config.expression),
  );
  const found = await collecting(problems, () =>
    findSlides(config.features, everybody?.patients.map(({ id }) => id) ?? [], problems),
  );
  const slides =
    found && ids ? { ...found, byPatient: new Map([...found.byPatient].filter(([id]) => ids.has(id))) } : found;

  if (clinical) checkTask(clinical, config, problems);
  const joined =
    clinical && expression && slides ? joinPatients(clinical, expression, slides, config, problems) : NOBODY;
  const bags = expression
    ? joined.complete.flatMap(({ bags }) => bags)
    : [...(slides?.byPatient.values() ?? [])].flat();
  const headers = await readHeaders(bags, config.features, problems);
  problems.push(...bagSizeProblems(config, headers));
  const transform =
    expression &&
    (await collecting(problems, async () =>
      decideTransform(config.expression, expression.expression, expression.linear),
    ));
  if (expression && transform)
    problems.push(...transformProblems(config.expression.file, expression.expression, transform));
  const flow = everybody && included && flowOf(config, everybody, included.left, joined);
  return { config, clinical, expression, transform, slides, joined, headers, flow };
}

function flowOf(
  config: Config,
  { patients }: ClinicalTable,
  notIncluded: Readonly<Record<string, number>>,
  { complete, incomplete, neither }: Joined,
): CohortFlow {
  return {
    cohort: config.name,
    patients: patients.length,
    notIncluded,
    noExpression: incomplete.filter(({ has }) => has === 'slides').length,
    noSlides: incomplete.filter(({ has }) => has === 'expression').length,
    neither,
    complete: complete.length,
    noLabel: withoutLabel(complete, config),
  };
}

/** Patients with their times in another unit. */
export function inTimeUnit<P extends Patient>(patients: readonly P[], from: TimeUnit, to: TimeUnit): readonly P[] {
  if (from === to) return patients;
  return patients.map((patient) => {
    const { survival } = patient;
    return survival ? { ...patient, survival: { ...survival, time: convertTime(survival.time, from, to) } } : patient;
  });
}
