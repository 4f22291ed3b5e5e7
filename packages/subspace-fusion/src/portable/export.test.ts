import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openModel } from 'onnx-autodiff';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBag } from '../cohort/bags/features.js';
import { readExpression } from '../cohort/expression/read.js';
import { writeBag } from '../cohort/made-files.test.helper.js';
import { predictPatient } from '../patient/predict.js';
import type { Prediction } from '../patient/prediction.js';
import { openRunFolder } from '../runs/run-folder.js';
import { isPlainMessage, subspace } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { normals } from '../testing/graph.js';
import { newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { train } from '../training/train.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const cohort = join(folder, 'cohort');
const matrix = join(cohort, 'expression.csv.gz');
const run = (task: string) => join(folder, task);
const onnx = (task: string) => join(folder, `${task}.onnx`);
const TASKS = ['survival', 'grade'];
/** Patients with the slide of each: two of the cohort, and one with more patches than a bag holds. */
let slides: readonly { readonly patient: string; readonly bag: string }[];

beforeAll(async () => {
  const yaml = await tinyCohort(cohort);
  for (const task of TASKS) {
    await train({
      config: await shortConfig(yaml, { task, 'training.epochs': '1', 'model.bag': '64' }),
      out: run(task),
    });
    expect((await subspace('export', run(task), '--onnx', onnx(task))).code).toBe(0);
  }
  const { test: patients, train: others } = await (await openRunFolder(run('survival'))).split();
  const large = await writeBag(folder, 'large.h5', { shape: [61, 16], features: normals('large', 61 * 16) });
  const own = (patient: string) => ({ patient, bag: join(cohort, 'bags', `${patient}-DX1.h5`) });
  slides = [own(patients[0]), own(others[0]), { patient: others[1], bag: large }];
});

/** What a user has: features as the encoder gave them, and expression by gene. */
async function patientFiles({ patient, bag }: { patient: string; bag: string }, task: string) {
  const { features, patches, width } = await readBag({ slide: 'slide', path: bag }, 1000);
  const { scaling } = (await openRunFolder(run(task))).model;
  const genes = new Set([...scaling.tumour.genes, ...scaling.microenvironment.genes]);
  const { expression } = await readExpression(
    matrix,
    { patients: new Set([patient]), genes, geneMap: undefined },
    [],
    {},
  );
  const value = new Map(expression.genes.map((gene, g) => [gene, expression.values[g]]));
  return { features, patches, width, value, scaling };
}

/** The exported model's outputs against those of `predict`, to 1e-5. */
function expectSame(outputs: Readonly<Record<string, ArrayLike<number>>>, predicted: Prediction): void {
  const close = (name: string, expected: readonly number[]) => {
    expect(Array.from(outputs[name]), name).toHaveLength(expected.length);
    expected.forEach((p, i) => expect(Math.abs(outputs[name][i] - p), `${name} ${i}`).toBeLessThan(1e-5));
  };
  if (predicted.probabilities) {
    close('probabilities', Object.values(predicted.probabilities));
  } else {
    close('survival', defined(predicted.survival).curve.survival.slice(1));
    close('risk', [defined(predicted.risk)]);
  }
}

describe.each(TASKS)('an exported run of the task %s', (task) => {
  test('predicts what the run does, opened by ONNX Runtime in Node', async () => {
    const model = await openModel(onnx(task));
    for (const slide of slides) {
      const { features, patches, width, value, scaling } = await patientFiles(slide, task);
      const vector = (genes: readonly string[]) => ({
        data: Float32Array.from(genes, (gene) => defined(value.get(gene))),
        shape: [genes.length],
      });
      const feeds = {
        features: { data: features, shape: [patches, width] },
        tumour_genes: vector(scaling.tumour.genes),
        microenvironment_genes: vector(scaling.microenvironment.genes),
      };
      const outputs = await model.run(
        feeds,
        model.outputs.map(({ name }) => name),
      );
      const data = Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
      expectSame(
        data,
        await predictPatient(run(task), { bag: [slide.bag], expression: matrix, patient: slide.patient }),
      );
    }
    await model.dispose();
  });
});

/** A Python that has onnxruntime: SUBSPACE_PYTHON, that of bench/, or the system's. */
const python = [
  process.env['SUBSPACE_PYTHON'],
  fileURLToPath(new URL('../../../../bench/.venv/bin/python', import.meta.url)),
  'python3',
].find((name) => {
  try {
    execFileSync(name ?? '', ['-c', 'import onnxruntime'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
const script = fileURLToPath(new URL('testdata/run_onnx.py', import.meta.url));

describe.skipIf(!python)('in Python (needs onnxruntime; SUBSPACE_PYTHON names a Python that has it)', () => {
  test.each(TASKS)('a model of the task %s predicts what the run does, told by its metadata alone', async (task) => {
    const patients = [];
    for (const slide of slides) {
      const { features, patches, width, value } = await patientFiles(slide, task);
      const rows = Array.from({ length: patches }, (_, i) => Array.from(features.subarray(i * width, (i + 1) * width)));
      patients.push({ features: rows, expression: Object.fromEntries(value) });
    }
    const answer = execFileSync(defined(python), [script, onnx(task)], {
      input: JSON.stringify(patients),
      maxBuffer: 2 ** 24,
    });
    const { outputs, metadata } = JSON.parse(answer.toString()) as {
      outputs: Record<string, number[]>[];
      metadata: Record<string, string>;
    };
    const { model } = await openRunFolder(run(task));
    expect(metadata['task']).toBe(task);
    expect(metadata['notice']).toMatch(/not a medical device/);
    expect(JSON.parse(metadata['tumour_genes'])).toEqual(model.scaling.tumour.genes);
    if (model.outcome.kind === 'classes') expect(JSON.parse(metadata['classes'])).toEqual(model.outcome.classes);
    else expect(JSON.parse(metadata['survival_times'])).toEqual(model.outcome.cuts);
    for (const [i, { bag, patient }] of slides.entries()) {
      expectSame(outputs[i], await predictPatient(run(task), { bag: [bag], expression: matrix, patient }));
    }
  });
});

describe('the command', () => {
  test('says what it wrote', async () => {
    const { code, out } = await subspace('export', run('grade'), '--onnx', join(folder, 'again.onnx'), '--json');
    expect(code).toBe(0);
    const written = JSON.parse(out) as { bytes: number; task: string; difference: number };
    expect(written).toMatchObject({ task: 'grade', bytes: readFileSync(onnx('grade')).length });
    expect(written.difference).toBeLessThan(1e-5);
    expect(readFileSync(join(folder, 'again.onnx')).equals(readFileSync(onnx('grade')))).toBe(true);
  });

  test('refuses a folder that is no run', async () => {
    const { code, err } = await subspace('export', cohort, '--onnx', join(folder, 'no.onnx'));
    expect([code, isPlainMessage(err)]).toEqual([2, true]);
    expect(err).toMatch(/model\.json: not found/);
  });
});
