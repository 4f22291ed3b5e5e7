import {
  blobSource,
  blobStore,
  breathe,
  clipOf,
  hasStandIns,
  InputError,
  openModel,
  openRun,
  RUN_FILES,
  SUBSPACES,
  taskName,
  type Change,
  type EvaluatedPatient,
  type Job,
  type OpenModel,
  type PatchAttention,
  type PatientInput,
  type Prediction,
  type Store,
} from 'subspace-fusion/browser';
import type { RunFiles } from '../run-files.js';
import { openBackend, type BackendName, type BrowserBackend } from './backend.js';
import { groupCurves, type Changed, type PatientExplanation, type PatientView, type RunView } from './views.js';

/** A model that is open, and the prediction that was last asked for. */
interface Session {
  readonly backend: BrowserBackend;
  readonly opened: OpenModel;
  prediction: Prediction | undefined;
}

/** A patient's files, as they were dropped or came with the page. */
export interface PatientFiles {
  readonly bags: readonly File[];
  readonly expression: File | undefined;
  /** Which patient of the matrix. */
  readonly patient: string | undefined;
  readonly clinical: Readonly<Record<string, string>>;
}

/** What the engine does, in the order that a page needs it. */
export function engineTasks() {
  let session: Session | undefined;
  const current = () => {
    if (!session?.prediction) throw new Error('no patient was read yet');
    return { ...session, prediction: session.prediction };
  };
  /** How many parts of graphs each kind of work took the last time. */
  const usualParts = new Map<string, number>();
  /** Does some work with the network, for a job, and reports each part of it. */
  async function working<T>(job: Job, { backend }: Session, doing: string, work: () => Promise<T>): Promise<T> {
    let parts = 0;
    const usual = usualParts.get(doing);
    const report = () =>
      job.progress(parts > 1 ? `${doing}, part ${parts}` : doing, usual && parts <= usual ? parts / usual : undefined);
    report();
    backend.job = {
      signal: job.signal,
      part() {
        parts++;
        report();
      },
    };
    try {
      const done = await work();
      usualParts.set(doing, parts);
      return done;
    } finally {
      backend.job = undefined;
    }
  }

  return {
    /** Opens a run's model; what was open before is closed. */
    async open(
      { files, backend: wanted }: { files: RunFiles; backend: BackendName | undefined },
      job: Job,
    ): Promise<RunView> {
      job.progress('Opening the model');
      const run = await openRun(storeOf(files));
      const backend = session?.backend ?? (await openBackend(wanted));
      const before = session;
      const opened = await openModel(run, { backend });
      session = { backend, opened, prediction: undefined };
      await before?.opened.close();
      return runView(opened, (await run.predictions()) ?? [], backend);
    },

    /** Reads a patient's files and predicts. */
    async read(files: PatientFiles, job: Job): Promise<PatientView> {
      if (!session) throw new Error('no model is open');
      const now = session;
      const doing = 'Reading the files';
      job.progress(doing);
      const started = performance.now();
      const input = inputOf(files);
      await breathe(job.signal);
      return working(job, now, doing, async () => {
        now.prediction = await now.opened.predict(input);
        return patientView(now.opened, now.prediction, (performance.now() - started) / 1000);
      });
    },

    /** Predicts the same patient with other genes, or without a modality. */
    async whatIf(change: Change, job: Job): Promise<Changed> {
      const { opened, prediction } = current();
      const started = performance.now();
      const changed = await working(job, current(), 'Predicting', () => opened.predictChanged(prediction, change));
      return { prediction: changed, seconds: (performance.now() - started) / 1000 };
    },

    /** Attention that the patches of a slide receive. */
    async look({ slide }: { slide: number }, job: Job): Promise<PatchAttention> {
      const { opened, prediction } = current();
      return working(job, current(), 'Finding where the model looked', () => opened.attention(prediction, slide));
    },

    /** Where one patch of a slide looks: attention on the patches of the bag. */
    async neighbours({ slide, patch }: { slide: number; patch: number }, job: Job): Promise<PatchAttention> {
      const { opened, prediction } = current();
      const looked = await working(job, current(), 'Finding the neighbours', () =>
        opened.attentionFrom(prediction, slide, patch),
      );
      if (looked) return looked;
      throw new InputError(
        'In plain attention every patch may look at every other one: there is no list of neighbours.',
      );
    },

    /** Shares of subspaces and modalities, and what each gene and patch moved. */
    async explain(_: object, job: Job): Promise<PatientExplanation> {
      const { opened, prediction } = current();
      return working(job, current(), 'Explaining', () => opened.explain(prediction));
    },
  };
}

export type EngineTasks = ReturnType<typeof engineTasks>;

function inputOf({ bags, expression, patient, clinical }: PatientFiles): PatientInput {
  return {
    bag: bags.map((file) => blobSource(file)),
    expression: expression && blobSource(expression),
    patient,
    clinical,
  };
}

/** The files of a run that were dropped or came with the page. @throws InputError where one of the two that are needed is missing */
function storeOf(files: RunFiles): Store {
  for (const [needed, other] of [
    [RUN_FILES.model, RUN_FILES.checkpoint],
    [RUN_FILES.checkpoint, RUN_FILES.model],
  ] as const)
    if (!(needed in files))
      throw new InputError(`${needed}: missing. Drop it together with ${other} of the same run folder.`);
  return blobStore(files);
}

function runView(
  { model }: OpenModel,
  tested: readonly EvaluatedPatient[],
  { name, threads }: BrowserBackend,
): RunView {
  const { outcome, size, network, covariates } = model;
  return {
    task: taskName(model.task),
    timeUnit: outcome.kind === 'survival' ? outcome.timeUnit : 'months',
    network: network.name,
    tokens: model.tokens,
    encoder: model.encoder,
    genes: size.genes,
    canLeaveOut: hasStandIns(network),
    covariates: (covariates?.covariates ?? []).map((covariate) => ({
      name: typeof covariate.from === 'string' ? covariate.from : covariate.from.column,
      levels: covariate.kind === 'category' ? covariate.levels : undefined,
    })),
    groups: groupCurves(tested),
    backend: name,
    threads,
  };
}

function patientView(opened: OpenModel, prediction: Prediction, seconds: number): PatientView {
  const { slides, genes } = opened.patientOf(prediction);
  const { scaling } = opened.model;
  const bound = clipOf(scaling.tumour);
  return {
    prediction,
    seconds,
    genes: genes
      ? SUBSPACES.flatMap((subspace) =>
          scaling[subspace].genes.map((name, g) => ({ name, subspace, z: genes[subspace][g] })),
        )
      : [],
    bound: Number.isFinite(bound) ? bound : 3,
    slides: slides.map(({ slide, patches, rows, layout }) => ({ name: slide, patches, inBag: rows.length, layout })),
  };
}
