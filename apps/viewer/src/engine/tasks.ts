import {
  branchEntries,
  clipOf,
  explain,
  hasStandIns,
  looks,
  mapBranches,
  SUBSPACES,
  taskName,
  type Explainer,
  type GeneVectors,
  type PerBranch,
  type Subspace,
} from 'subspace-fusion/browser';
import { neighboursOf, openAttention, received, type FullAttention } from './attention.js';
import { openBackend, type BackendName, type BrowserBackend } from './backend.js';
import { openNetwork, type Network, type ReadBag } from './network.js';
import { readPatient, type Patient, type PatientFiles } from './patient.js';
import { PlainError, type Job } from './rpc.js';
import { groupCurves, readRun, type Run, type RunFiles } from './run.js';
import type { AttentionView, PatientExplanation, PatientView, PredictionView, RunView, WhatIf } from './views.js';
import { inWords } from './words.js';

type Attention = NonNullable<Awaited<ReturnType<typeof openAttention>>>;

/** A model that is open, and the patient that it was last asked about. */
interface Session {
  readonly run: Run;
  readonly backend: BrowserBackend;
  readonly network: Network;
  readonly attention: Attention | undefined;
  patient: Patient | undefined;
  bags: readonly ReadBag[];
  /** Attention on each slide, once it was asked for. */
  looked: Map<number, PerBranch<FullAttention>>;
}

/** What the engine does, in the order that a page needs it. */
export function engineTasks() {
  let session: Session | undefined;
  const opened = (): Session & { patient: Patient } => {
    if (!session?.patient) throw new Error('no patient was read yet');
    return session as Session & { patient: Patient };
  };
  /** Does some work with the network, for a job. */
  async function working<T>(job: Job, { backend }: Session, work: () => Promise<T>): Promise<T> {
    backend.job = job;
    try {
      return await work();
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
      const run = await readRun(files);
      const backend = session?.backend ?? (await openBackend(wanted));
      const before = session;
      session = {
        run,
        backend,
        network: await openNetwork(run, backend),
        attention: await openAttention(run, backend),
        patient: undefined,
        bags: [],
        looked: new Map(),
      };
      await before?.network.dispose();
      await before?.attention?.dispose();
      return runView(run, backend);
    },

    /** Reads a patient's files and predicts. */
    async read(files: PatientFiles, job: Job): Promise<PatientView> {
      if (!session) throw new Error('no model is open');
      const current = session;
      job.progress('Reading the files');
      const started = performance.now();
      const patient = await readPatient(current.run, files);
      await job.breathe();
      job.progress('Predicting');
      return working(job, current, async () => {
        const bags: ReadBag[] = [];
        for (const slide of patient.slides) bags.push(await current.network.read(slide));
        Object.assign(current, { patient, bags, looked: new Map() });
        const prediction = await predict(current, patient.input.genes, true);
        return patientView(current.run, patient, prediction, (performance.now() - started) / 1000);
      });
    },

    /** Predicts the same patient with other genes, or without a modality. */
    async whatIf({ genes, without }: WhatIf, job: Job): Promise<{ prediction: PredictionView; seconds: number }> {
      const current = opened();
      const started = performance.now();
      job.progress('Predicting');
      const own = current.patient.input.genes;
      const changed = own && without !== 'genes' ? changedGenes(current.run, own, genes) : undefined;
      const prediction = await working(job, current, () => predict(current, changed, without !== 'slide'));
      return { prediction, seconds: (performance.now() - started) / 1000 };
    },

    /** Attention that the patches of a slide receive. */
    async look({ slide }: { slide: number }, job: Job): Promise<AttentionView> {
      const current = opened();
      const { network, patient, run } = current;
      if (!network.explainer) return {};
      job.progress('Finding where the model looked');
      const full = await working(job, current, () => fullAttention(current, slide));
      const { tokens } = run.model;
      const explainer: Explainer = full
        ? { ...network.explainer, look: async () => mapBranches(full, (attention) => received(attention, tokens)) }
        : network.explainer;
      const views = await working(job, current, () => looks(explainer, pointOf(current, slide), patient.slides[slide]));
      return Object.fromEntries(branchEntries(views).map(([branch, { attention }]) => [branch, attention]));
    },

    /** Where one patch of a slide looks: attention on the patches of the bag. */
    async neighbours({ slide, patch }: { slide: number; patch: number }, job: Job): Promise<AttentionView> {
      const current = opened();
      const { patchOf, rows } = current.patient.slides[slide];
      const full = await working(job, current, () => fullAttention(current, slide));
      if (!full)
        throw new PlainError(
          'In plain attention every patch may look at every other one: there is no list of neighbours.',
        );
      const { tokens } = current.run.model;
      const seen = branchEntries(full).map(([branch, attention]) => {
        const looked = neighboursOf(attention, patchOf.indexOf(patch), tokens);
        const onPatches = Array.from(rows, () => 0);
        patchOf.forEach((at, token) => (onPatches[at] += looked[token]));
        return [branch, onPatches] as const;
      });
      return Object.fromEntries(seen);
    },

    /** Shares of subspaces and modalities, and what each gene and patch moved. */
    async explain(_: object, job: Job): Promise<PatientExplanation> {
      const current = opened();
      const { explainer } = current.network;
      if (!explainer) throw new Error('only models of the method itself are explained');
      job.progress('Explaining');
      return working(job, current, () =>
        explain(explainer, current.run, current.patient.input, current.run.background),
      );
    },
  };
}

export type EngineTasks = ReturnType<typeof engineTasks>;

/** The prediction over the patient's slides, or for a missing one. */
async function predict(
  { run, network, patient, bags }: Session,
  genes: GeneVectors | undefined,
  withSlides: boolean,
): Promise<PredictionView> {
  const given = { genes, covariates: patient!.input.covariates };
  const outputs: Float64Array[] = [];
  for (const bag of withSlides && bags.length > 0 ? bags : [undefined]) outputs.push(await network.predict(bag, given));
  return inWords(run.model, outputs);
}

function changedGenes({ model: { scaling } }: Run, own: GeneVectors, changes: WhatIf['genes']): GeneVectors {
  const changed = (subspace: Subspace) =>
    own[subspace].map((z, g) => changes[subspace][scaling[subspace].genes[g]] ?? z);
  return { tumour: changed('tumour'), microenvironment: changed('microenvironment') };
}

function pointOf({ patient, bags }: Session, slide: number) {
  const bag = bags[slide];
  const { genes, covariates } = patient!.input;
  return { P: bag && 'P' in bag ? bag.P : undefined, genes, covariates };
}

async function fullAttention(current: Session, slide: number): Promise<PerBranch<FullAttention> | undefined> {
  const known = current.looked.get(slide) ?? (await current.attention?.run(pointOf(current, slide)));
  if (known) current.looked.set(slide, known);
  return known;
}

function runView({ model, tested, riskCut }: Run, { name, threads }: BrowserBackend): RunView {
  const { outcome, size, network } = model;
  return {
    task: taskName(model.task),
    kind: outcome.kind,
    timeUnit: outcome.kind === 'survival' ? outcome.timeUnit : 'months',
    network: network.name,
    tokens: model.tokens,
    patchWidth: size.patchWidth,
    encoder: model.encoder,
    genes: size.genes,
    canLeaveOut: hasStandIns(network),
    covariates: (model.covariates?.covariates ?? []).map((covariate) => ({
      name: typeof covariate.from === 'string' ? covariate.from : covariate.from.column,
      levels: covariate.kind === 'category' ? covariate.levels : undefined,
    })),
    groups: groupCurves(tested),
    riskCut,
    tested: {
      risks: tested.flatMap(({ risk }) => (risk === undefined ? [] : [risk])).sort((a, b) => a - b),
      classes: tested.flatMap((p) => ('label' in p ? [sureness(p.outputs, p.label)] : [])),
    },
    backend: name,
    threads,
  };
}

function sureness(outputs: readonly number[], label: number): { sure: number; right: boolean } {
  const sure = Math.max(...outputs);
  return { sure, right: outputs[label] === sure };
}

function patientView(
  { model }: Run,
  { input, slides, warnings }: Patient,
  prediction: PredictionView,
  seconds: number,
): PatientView {
  const { genes } = input;
  return {
    patient: input.patient,
    prediction,
    seconds,
    genes: genes
      ? SUBSPACES.flatMap((subspace) =>
          model.scaling[subspace].genes.map((name, g) => ({ name, subspace, z: genes[subspace][g] })),
        )
      : [],
    bound: Number.isFinite(clipOf(model.scaling.tumour)) ? clipOf(model.scaling.tumour) : 3,
    slides: slides.map(({ slide, patches, rows, layout }) => ({ name: slide, patches, inBag: rows.length, layout })),
    warnings,
  };
}
