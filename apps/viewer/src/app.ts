import { connect, count, webPort, type Connection } from 'subspace-fusion/browser';
import type { BackendName } from './engine/backend.js';
import type { EngineTasks } from './engine/tasks.js';
import type { Change, PatientExplanation, PatientView, RunView } from './engine/views.js';
import { showAttention, type AttentionPanel } from './page/attention.js';
import { byId } from './page/dom.js';
import { offerExplanation, orderedGenes, showExplanation } from './page/explanation.js';
import { makeFilesPanel, sortFiles } from './page/files.js';
import { showPrediction } from './page/prediction.js';
import { makeStatus } from './page/status.js';
import { showWhatIf } from './page/what-if.js';
import { fetchFile, fetchPatients, fetchRun, type OfferedPatient, type RunFiles } from './run-files.js';
import type { SlideTasks } from './slide/tasks.js';

/** Bags up to this size are explained at once; of larger ones the page asks first. */
const SMALL_BAG = 400;

/** A patient's files as far as they were given. */
interface Given {
  readonly bags: readonly File[];
  readonly expression: File | undefined;
  readonly patient: string | undefined;
  /** Values of clinical columns that the model reads. */
  readonly clinical: Readonly<Record<string, string>>;
}

/** Starts the page: opens the model that lies beside it, shows its first patient, and waits for files. */
export async function startApp(): Promise<void> {
  const engine = connect<EngineTasks>(
    webPort(new Worker(new URL('./engine/worker.ts', import.meta.url), { type: 'module' })),
  );
  const status = makeStatus(byId('status'));
  const panel = makeFilesPanel(byId('files'), (files) => void take(files));
  const wanted = backendOf(new URLSearchParams(location.search).get('backend'));

  let run: RunView | undefined;
  let given: Given = { bags: [], expression: undefined, patient: undefined, clinical: {} };
  let slideImage: File | undefined;
  let attention: AttentionPanel | undefined;
  /** What a person changes goes before an explanation that is under way. */
  let stopExplaining = () => {};

  const files = await fetchRun();
  if (files) await openRun(files);
  const patients = run ? await fetchPatients() : [];
  if (patients.length > 0) {
    panel.offer(
      patients.map(({ patient }) => patient),
      patients[0].patient,
      (id) => {
        const offered = patients.find(({ patient }) => patient === id);
        if (offered) void showOffered(offered);
      },
    );
    await showOffered(patients[0]);
  }
  document.body.dataset['ready'] = 'true';

  async function openRun(files: RunFiles): Promise<boolean> {
    const opened = await status.during('Opening the model', (options) =>
      engine.open({ files, backend: wanted }, options),
    );
    if (!opened) return false;
    run = opened;
    byId('model').textContent = describeModel(opened);
    panel.ask(opened.covariates, (clinical) => {
      given = { ...given, clinical };
      void showPatient();
    });
    return true;
  }

  async function showOffered({ patient, bags, expression }: OfferedPatient): Promise<void> {
    const fetched = await status.during('Fetching the files', async () => ({
      bags: await Promise.all(bags.map(fetchFile)),
      expression: expression === undefined ? undefined : await fetchFile(expression),
    }));
    if (!fetched) return;
    given = { ...fetched, patient, clinical: {} };
    slideImage = undefined;
    await showPatient();
  }

  /** Takes files that a person chose or dropped: they replace those of their kind. */
  async function take(files: readonly File[]): Promise<void> {
    const sorted = sortFiles(files);
    if (sorted.unknown.length > 0) {
      const names = sorted.unknown.map(({ name }) => name).join(', ');
      status.fail(
        `${names}: this is not a kind of file that the page reads. Features are .h5, .pt, .npy or .safetensors; expression is .csv, .tsv, .gct or .h5ad; slides are .svs or .tif.`,
      );
      return;
    }
    if (sorted.expression.length > 1) return void status.fail('There are several expression files. Drop one.');
    if (Object.keys(sorted.run).length > 0 && !(await openRun(sorted.run))) return;
    if (!run)
      return void status.fail('There is no model yet. Drop model.json and checkpoint.safetensors of a run folder.');
    const complete = sorted.bags.length > 0 || sorted.expression.length > 0;
    if (complete) {
      // A new feature file is a new patient, whose expression may be in the matrix that is here already.
      given = {
        bags: sorted.bags.length > 0 ? sorted.bags : given.bags,
        expression: sorted.expression.at(0) ?? given.expression,
        patient: undefined,
        clinical: {},
      };
      slideImage = undefined;
    }
    slideImage = sorted.slides.at(0) ?? slideImage;
    if (complete || Object.keys(sorted.run).length > 0) await showPatient();
    else if (slideImage) await showSlideImage();
  }

  async function showPatient(): Promise<void> {
    const shown = run;
    if (!shown) return;
    stopExplaining();
    const patient = await status.during('Reading the files', (options) => engine.read(given, options));
    for (const id of ['prediction', 'what-if', 'attention', 'explanation']) byId(id).hidden = true;
    attention = undefined;
    if (!patient) return;
    panel.describe(
      `Shown: ${[...given.bags, ...(given.expression ? [given.expression] : [])].map(({ name }) => name).join(', ')}`,
    );
    showPrediction(byId('prediction'), shown, patient);
    offerWhatIf(shown, patient, undefined);
    if (shown.network !== 'subspace') return;
    await lookAt(patient, 0);
    if (slideImage) await showSlideImage();
    if (shown.tokens <= SMALL_BAG) void explain(shown, patient);
    else offerExplanation(byId('explanation'), () => void explain(shown, patient));
  }

  async function lookAt(patient: PatientView, slide: number): Promise<void> {
    const { slides } = patient;
    const view = slides.at(slide);
    const looked =
      view && (await status.during('Finding where the model looked', (options) => engine.look({ slide }, options)));
    if (!looked) return;
    attention = showAttention(byId('attention'), view, looked, {
      neighbours: (patch) =>
        status.during('Finding the neighbours', (options) => engine.neighbours({ slide, patch }, options)),
      choice:
        slides.length < 2
          ? undefined
          : { slides: slides.map(({ name }) => name), chosen: slide, onChoose: (next) => void lookAt(patient, next) },
    });
  }

  async function explain(run: RunView, patient: PatientView): Promise<void> {
    const controller = new AbortController();
    stopExplaining = () => controller.abort();
    const explanation = await status.during('Explaining', (options) =>
      engine.explain(
        {},
        { ...options, signal: AbortSignal.any([controller.signal, ...(options.signal ? [options.signal] : [])]) },
      ),
    );
    if (!explanation) return void offerExplanation(byId('explanation'), () => void explain(run, patient));
    showExplanation(byId('explanation'), explanation, patient);
    offerWhatIf(run, patient, explanation);
  }

  function offerWhatIf(run: RunView, patient: PatientView, explanation: PatientExplanation | undefined): void {
    let waiting: { readonly change: Change | undefined } | undefined;
    let busy = false;
    const card = showWhatIf(
      byId('what-if'),
      run,
      patient,
      orderedGenes(patient, explanation),
      (change) => void predict(change),
    );
    /** Predicts for the latest of all changes. */
    async function predict(change: Change | undefined): Promise<void> {
      waiting = { change };
      stopExplaining();
      if (busy) return;
      busy = true;
      while (waiting) {
        const { change } = waiting as { change: Change | undefined };
        waiting = undefined;
        const found = change && (await status.during('Predicting', (options) => engine.whatIf(change, options)));
        if (change && !found) continue;
        showPrediction(byId('prediction'), run, patient, found?.prediction);
        card.say(found ? howLong(found.seconds, run) : '');
      }
      busy = false;
    }
  }

  let slideEngine: Connection<SlideTasks> | undefined;
  async function showSlideImage(): Promise<void> {
    const file = slideImage;
    if (!file) return;
    if (!attention)
      return void status.fail(
        'There is nothing to lay over the slide yet. Drop the feature file that was made from it, too.',
      );
    const reader = (slideEngine ??= connect<SlideTasks>(
      webPort(new Worker(new URL('./slide/worker.ts', import.meta.url), { type: 'module' })),
    ));
    const info = await status.during('Opening the slide', (options) => reader.open({ file }, options));
    if (info) await attention.showImage(reader, info);
  }
}

function backendOf(text: string | null): BackendName | undefined {
  return text === 'webassembly' || text === 'webgpu' ? text : undefined;
}

function describeModel({ task, network, tokens, genes, encoder, backend, threads }: RunView): string {
  const model = network === 'subspace' ? 'the method’s own network' : `the network ${network}`;
  const where = backend === 'webgpu' ? 'WebGPU' : `WebAssembly on ${count(threads, 'thread')}`;
  return `Model: ${task}, ${model}, bags of ${tokens} patches${encoder ? ` (encoder: ${encoder})` : ''}, ${genes.tumour} tumour and ${genes.microenvironment} microenvironment genes. Runs here by ${where}.`;
}

/** How long a prediction took, and why it was not faster. */
function howLong(seconds: number, { backend, threads }: RunView): string {
  const took = `Predicted in ${seconds.toFixed(2)} s.`;
  if (seconds <= 1) return took;
  if (backend === 'webgpu') return `${took} The graphics device needs that long for a bag of this size.`;
  if (threads > 1) return `${took} The processor needs that long for a bag of this size on ${threads} threads.`;
  return `${took} The network runs on one thread, because this page is not isolated from other origins; \`subspace view\` isolates it.`;
}
