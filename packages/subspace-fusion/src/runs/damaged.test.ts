import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditRuns } from '../evaluation/audit/audit.js';
import { evaluate, evaluateAndWrite } from '../evaluation/evaluate.js';
import { explainCohort, writeCohortExplanation, writePatientExplanation } from '../explanation/explain-cohort.js';
import { InputError } from '../files/errors.js';
import { blobSource, type Store } from '../files/source.js';
import { choiceParameters } from '../model/choice.js';
import { initialise } from '../model/layers.js';
import { explainPatient, predictPatient } from '../patient/predict.js';
import { exportRun } from '../portable/export.js';
import { key, uniform } from '../random/counter.js';
import { readReport } from '../report/read.js';
import { renderReport } from '../report/report.js';
import { newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { train } from '../training/train.js';
import { serveViewer } from '../viewing/serve.js';
import { EXPLANATIONS } from './explanation-files.js';
import type { Model } from './model.js';
import { openRun, RUN_FILES, type Run } from './open-run.js';
import { openRunFolder, writeCheckpoint } from './run-folder.js';

const folder = newFolder();
const run = join(folder, 'run');
let patient: string;
let model: Model;

beforeAll(async () => {
  const cohort = await tinyCohort(join(folder, 'cohort'));
  await train({ config: await shortConfig(cohort, { 'training.epochs': '1', 'split.test': '0.3' }), out: run });
  const { predictions } = await evaluateAndWrite(run);
  patient = predictions[0]?.patient ?? '';
  await writePatientExplanation(join(run, EXPLANATIONS), await explainPatient(run, { patient }));
  await writeCohortExplanation(join(run, EXPLANATIONS), await explainCohort(run));
  ({ model } = await openRunFolder(run));
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What a user starts on a run folder, each to its end. */
const COMMANDS: Readonly<Partial<Record<string, (copy: string) => Promise<unknown>>>> = {
  report: async (copy) => renderReport((await readReport(copy)).input),
  audit: (copy) => auditRuns(copy),
  predict: (copy) => predictPatient(copy, { patient }),
  explain: (copy) => explainPatient(copy, { patient }),
  ...(existsSync('apps/viewer/dist/index.html')
    ? { view: async (copy: string) => (await serveViewer(copy, 0)).close() }
    : {}),
};

type Reading = readonly [
  file: string,
  read: (run: Run) => Promise<unknown>,
  commands: readonly (keyof typeof COMMANDS)[],
];

/** Every JSON file of the folder, how it is read, and the commands that read it. */
const readings = (): readonly Reading[] => [
  [RUN_FILES.model, (run) => Promise.resolve(run.model), ['report', 'audit', 'predict', 'explain', 'view']],
  [RUN_FILES.config, (run) => run.config(), ['report', 'predict', 'view']],
  [RUN_FILES.split, (run) => run.split(), ['report', 'audit', 'view']],
  [RUN_FILES.fingerprints, (run) => run.fingerprints(), []],
  [RUN_FILES.metrics, (run) => run.epochs(), ['report']],
  [RUN_FILES.result, (run) => run.result(), ['report', 'audit', 'view']],
  [RUN_FILES.predictions, (run) => run.predictions(), ['report', 'audit', 'view']],
  [RUN_FILES.validationPredictions, (run) => run.validationPredictions(), []],
  [RUN_FILES.confidence, (run) => run.confidence(), ['predict', 'view']],
  [RUN_FILES.background, (run) => run.background(), ['explain', 'view']],
  [`explanations/${patient}.json`, (run) => run.explanation(`${patient}.json`), ['report']],
  ['explanations/cohort-test.json', (run) => run.cohortExplanation('test'), ['report']],
];

/** The files of the run, one of them replaced. */
function storeWith(file: string, text: string): Store {
  return {
    name: run,
    open: (name) => {
      const path = join(run, name);
      if (name === file) return Promise.resolve(blobSource(new Blob([text]), path));
      return Promise.resolve(existsSync(path) ? blobSource(new Blob([readFileSync(path)]), path) : undefined);
    },
  };
}

type Path = readonly (string | number)[];

/** Places of a JSON value: every key, and the first and last element of every list. */
function places(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? [...new Set([0, value.length - 1])].filter((i) => i >= 0) : Object.keys(value);
  return keys.flatMap((name) => [[...at, name], ...places(Reflect.get(value, name), [...at, name])]);
}

/** A copy without what is at a place, or with something else there. */
function changed(value: unknown, [name = '', ...rest]: Path, to: unknown): unknown {
  const copy: unknown = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  if (rest.length > 0) Reflect.set(copy as object, name, changed(Reflect.get(value as object, name), rest, to));
  else if (to !== undefined) Reflect.set(copy as object, name, to);
  else if (Array.isArray(copy)) copy.splice(Number(name), 1);
  else Reflect.deleteProperty(copy as object, name);
  return copy;
}

const WRONG: readonly unknown[] = ['seven', -7.5, null, [], {}, true];
interface Mutant {
  readonly what: string;
  readonly text: string;
}

/** Cut short in five places; and from a seeded sample of places, something taken away, or something else put there. */
function mutantsOf(file: string, most: number): Mutant[] {
  const text = readFileSync(join(run, file), 'utf8');
  const draw = key(7, file);
  const cuts = Array.from({ length: 5 }, (_, i) => Math.floor(uniform(draw, i) * (text.length - 2)));
  const cut = cuts.map((length) => ({ what: `cut at ${length}`, text: text.slice(0, length) }));
  const lines = file.endsWith('l') ? text.trim().split('\n') : [text];
  const value: unknown = JSON.parse(lines[0] ?? '');
  const all = places(value);
  const chosen =
    all.length <= most
      ? all
      : Array.from({ length: most }, (_, i) => all[Math.floor(uniform(draw, 9 + i) * all.length)] ?? []);
  const others = chosen.flatMap((place, i) => {
    const wrong = WRONG[(i + place.length) % WRONG.length];
    return [undefined, wrong].map((to) => {
      const first = JSON.stringify(changed(value, place, to));
      const rest = lines.slice(1).map((line) => `\n${line}`);
      return {
        what: `${place.join('.')} ${to === undefined ? 'away' : `= ${JSON.stringify(to)}`}`,
        text: first + rest.join(''),
      };
    });
  });
  return [...cut, ...others];
}

/** One sentence and what to do, of the file. */
function expectRefusal(error: unknown, file: string, what: string): void {
  expect(error, what).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message, what).toContain(file);
  expect(message, what).not.toMatch(/\n|undefined|\[object|TypeError/);
  expect(message.length, what).toBeLessThan(500);
}

/** What became of mutants: those that were read all the same. */
const harmless = new Map<string, Mutant[]>();

describe('a damaged file of a run', () => {
  test('is refused in one sentence that names it, or read', async () => {
    let refused = 0;
    for (const [file, read] of readings()) {
      harmless.set(file, []);
      for (const mutant of mutantsOf(file, 60)) {
        try {
          await read(await openRun(storeWith(file, mutant.text)));
          harmless.get(file)?.push(mutant);
        } catch (error) {
          refused++;
          const isForeign =
            file === RUN_FILES.model && error instanceof InputError && /another model/.test(error.message);
          expectRefusal(error, isForeign ? RUN_FILES.checkpoint : file, `${file}: ${mutant.what}`);
        }
      }
    }
    expect(refused).toBeGreaterThan(300);
  }, 60_000);

  test('stops no command with anything but that sentence', async () => {
    const copy = join(folder, 'copy');
    cpSync(run, copy, { recursive: true });
    for (const [file, , commands] of readings()) {
      const all = mutantsOf(file, 60);
      const read = harmless.get(file) ?? [];
      // One that is refused shows that the command reads by the schema; those that are read must bring it to its end.
      const sample: (Mutant | undefined)[] = [
        all[0],
        ...[0.2, 0.8].map((part) => read[Math.floor(part * read.length)]),
      ];
      for (const mutant of sample) {
        if (!mutant) continue;
        for (const command of commands) {
          writeFileSync(join(copy, file), mutant.text); // each time: `explain` mends what it compares with
          const error: unknown = await COMMANDS[command]?.(copy).then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          const isBroken =
            mutant === all[0] &&
            file !== RUN_FILES.metrics &&
            !(command === 'explain' && file === RUN_FILES.background);
          const what = `${command}, ${file}: ${mutant.what}`;
          if (isBroken || error !== undefined) expectRefusal(error, file.slice(file.lastIndexOf('/') + 1), what);
        }
        cpSync(join(run, file), join(copy, file));
      }
    }
  }, 120_000);
});

describe('the checkpoint of another model', () => {
  /** A copy of the run with the checkpoint of a model that was changed. */
  async function withCheckpointOf(name: string, other: Partial<Model>): Promise<string> {
    const copy = join(folder, name);
    cpSync(run, copy, { recursive: true });
    const foreign = { ...model, ...other };
    await writeCheckpoint(copy, foreign, initialise(choiceParameters(foreign.network, foreign.size), 1), 1);
    return copy;
  }

  const { size, scaling } = { size: () => model.size, scaling: () => model.scaling };
  test.each<[string, () => Partial<Model>, RegExp]>([
    ['task', () => ({ task: 'grade' }), /\(task grade\); that of this run has the task survival/],
    [
      'width',
      () => ({ size: { ...size(), patchWidth: 20 } }),
      /patch features of another width: its tumour\.patches\.weight is \[128, 20\], that of this run is \[128, 16\]/,
    ],
    [
      'genes',
      () => ({ size: { ...size(), genes: { ...size().genes, tumour: 5 } } }),
      /another number of genes: its tumour\.genes\.0\.weight is \[64, 5\]/,
    ],
    [
      'classes',
      () => ({ size: { ...size(), classes: 3 } }),
      /another number of classes, bins or covariates: its head\.weight is \[3, 256\]/,
    ],
    [
      'network',
      () => ({ network: { name: 'abmil' } }),
      /of another network: it has no tumour\.genes\.0\.weight, and that of this run \(subspace\) has/,
    ],
    [
      'scaling',
      () => ({
        scaling: { ...scaling(), tumour: { ...scaling().tumour, mean: scaling().tumour.mean.map((m) => m + 1) } },
      }),
      /its task \(survival\) and shapes are those of this run, so that genes, their scaling, .* differ \(fingerprint [0-9a-f]{12}, that of this run [0-9a-f]{12}\)/,
    ],
  ])('is refused where the %s differs, and that is said', async (name, other, message) => {
    const copy = await withCheckpointOf(`foreign-${name}`, other());
    await expect(openRunFolder(copy)).rejects.toThrow(InputError);
    await expect(openRunFolder(copy)).rejects.toThrow(message);
  });

  test('is refused by every command', async () => {
    const copy = await withCheckpointOf('foreign', { task: 'grade' });
    const all: typeof COMMANDS = {
      ...COMMANDS,
      evaluate: (of) => evaluate(of),
      export: (of) => exportRun(of, join(folder, 'model.onnx')),
    };
    for (const [command, start] of Object.entries(all)) {
      await expect(start?.(copy), command).rejects.toThrow(
        /checkpoint\.safetensors: is the checkpoint of another model \(task grade\)/,
      );
    }
  });
});
