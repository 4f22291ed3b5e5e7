import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBag } from '../../cohort/bags/features.js';
import { temperatureApplies } from '../../metrics/class-calibration.js';
import { writeBag } from '../../cohort/made-files.test.helper.js';
import { predictPatient } from '../../patient/predict.js';
import type { Confidence, ConfidenceResult } from '../../runs/confidence.js';
import type { EvaluatedPatient, Result } from '../../runs/result.js';
import { openRunFolder } from '../../runs/run-folder.js';
import { subspace } from '../../testing/cli.js';
import { defined } from '../../testing/defined.js';
import { editTable, newFolder, shortConfig, tinyCohort } from '../../testing/tiny-cohort.js';
import { train } from '../../training/train.js';
import { evaluate, evaluateAndWrite } from '../evaluate.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const cohort = join(folder, 'cohort');
const expression = join(cohort, 'expression.csv.gz');
const bag = (id: string) => join(cohort, 'bags', `${id}-DX1.h5`);
const subtype = join(folder, 'subtype');
const survival = join(folder, 'survival');
const parts = { 'split.test': '0.2', 'split.validation': '0.2', 'split.conformal': '0.25' };
interface Files {
  'confidence.json': Confidence & { readonly test: ConfidenceResult };
  'predictions.json': Extract<EvaluatedPatient, { label: number }>[];
  'result.json': Result;
}
const read = <F extends keyof Files>(run: string, file: F): Files[F] =>
  JSON.parse(readFileSync(join(run, file), 'utf8'));

let patient: string;
beforeAll(async () => {
  const yaml = await tinyCohort(cohort, { patients: 60 });
  await train({ config: await shortConfig(yaml, { ...parts, task: 'subtype' }), out: subtype });
  // Follow-up of the made-up patients ends within a year, were it in months.
  await train({ config: await shortConfig(yaml, { ...parts, 'clinical.timeUnit': 'years' }), out: survival });
  await evaluateAndWrite(subtype);
  await evaluateAndWrite(survival);
  patient = defined((await (await openRunFolder(subtype)).split()).test[0]);
});

test('patients set aside are in no other part, and their number is that of the config', async () => {
  const { train, validation, test, conformal } = await (await openRunFolder(subtype)).split();
  expect(conformal).toHaveLength(15);
  const all = [...train, ...validation, ...test, ...defined(conformal)];
  expect(new Set(all).size).toBe(all.length);
});

describe('a class task', () => {
  test('confidence.json holds what was learned and what the test patients showed', () => {
    const stored = read(subtype, 'confidence.json');
    expect(stored).toMatchObject({
      format: 1,
      classes: { patients: 12, conformal: { coverage: 0.9, patients: 15 } },
      range: { genes: { clip: 3 }, features: { mean: expect.any(Array) } },
    });
    expect(defined(defined(stored.classes).conformal).patientsByClass.reduce((a, b) => a + b)).toBe(15);
    expect(defined(stored.classes).operatingPoints).toHaveLength(2 * defined(stored.classes).classes.length);
    const result = read(subtype, 'result.json');
    expect(result.confidence).toEqual(stored.test);
    const { sets } = defined(defined(result.confidence).classes);
    expect(defined(sets).marginal).toMatchObject({ coverage: { n: result.patients }, expected: { mean: 15 / 16 } });
    expect(defined(sets).byClass.sizes.reduce((a, b) => a + b)).toBe(result.patients);
    expect(defined(result.confidence).unlikeTraining).toMatchObject({
      genes: { patients: result.patients },
      features: { patients: result.patients },
    });
  });

  test('predictions.json keeps its probabilities, and gains calibrated ones, sets and flags', () => {
    const predictions = read(subtype, 'predictions.json');
    const { temperature } = defined(read(subtype, 'confidence.json').classes);
    for (const { outputs, calibrated, set, marginalSet, unlikeTraining } of predictions) {
      if (temperature.value !== null && temperatureApplies(temperature)) {
        const powers = outputs.map((p) => p ** (1 / temperature.value));
        const total = powers.reduce((a, b) => a + b);
        defined(calibrated).forEach((p, c) => expect(p).toBeCloseTo(powers[c] / total, 8));
      }
      expect([set, marginalSet, unlikeTraining].every(Array.isArray)).toBe(true);
    }
  });

  test('evaluate tells the same again, and nothing of it for patients that the model was made from', async () => {
    expect((await evaluate(subtype)).result.confidence).toEqual(read(subtype, 'result.json').confidence);
    expect((await evaluate(subtype, { split: 'validation', allowSelected: true })).result.confidence).toBeUndefined();
  });

  test('predict prints calibrated probabilities, the set and whether the patient is like those of training', async () => {
    const evaluated = (await evaluate(subtype)).predictions.find((p) => p.patient === patient) as Extract<
      EvaluatedPatient,
      { label: number }
    >;
    const { confidence, likeTraining } = await predictPatient(subtype, { bag: [bag(patient)], expression });
    expect('set' in confidence && defined(confidence.set).classes).toEqual(evaluated.set);
    expect(Object.keys(likeTraining)).toEqual(['genes', 'features']);
    const { code, out } = await subspace('predict', subtype, '--bag', bag(patient), '--expression', expression);
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}90 % set +(one of: |cannot tell|\S)/m);
    expect(out).toMatch(/^ {2}calibration +temperature .*, fitted on 12 validation patients$/m);
    expect(out).toMatch(/^ {2}genes like training +(yes|NO)/m);
    const shown = await subspace('evaluate', subtype);
    expect(shown.out).toMatch(/^ {2}90 % sets, one threshold +coverage .*, to expect \d/m);
    expect(shown.out).toMatch(/^ {2}features unlike training +\d+ of 12 patients/m);
  });
});

test('a patient with strange genes or features is flagged', async () => {
  const shifted = join(folder, 'shifted.csv.gz');
  editTable(
    expression,
    ([header, ...rows]) => {
      const isGenes = !Number.isNaN(Number(rows[0][1]));
      return [
        header,
        ...rows.map((row) => row.map((cell, i) => (i > 0 && isGenes ? String(Number(cell) * 1e4 + 1e4) : cell))),
      ];
    },
    shifted,
  );
  const { features } = await readBag({ slide: patient, path: bag(patient) }, 36);
  await writeBag(folder, `${patient}-DX1.h5`, {
    shape: [features.length / 16, 16],
    features: features.map((x) => 10 * x),
    encoder: 'simulated',
  });
  const strangeGenes = await predictPatient(subtype, { bag: [bag(patient)], expression: shifted });
  expect(strangeGenes.warnings).toEqual(
    expect.arrayContaining([expect.stringMatching(/^the patient's genes are unlike those of the training patients/)]),
  );
  const strangeSlide = await predictPatient(subtype, { bag: [join(folder, `${patient}-DX1.h5`)], expression, patient });
  expect(strangeSlide.warnings).toEqual(
    expect.arrayContaining([expect.stringMatching(/^the patient's features are unlike/)]),
  );
});

describe('survival', () => {
  test('the calibration of the curves on the patients set aside, by groups, and what became of patients predicted alike', async () => {
    const { survival: learned } = read(survival, 'confidence.json');
    expect(learned).toMatchObject({ on: 'conformal', patients: 15 });
    expect(defined(learned).horizons.length).toBeGreaterThan(0);
    for (const { groups } of defined(learned).horizons) expect(groups.reduce((n, group) => n + group.n, 0)).toBe(15);
    const { confidence } = await predictPatient(survival, { bag: [bag(patient)], expression });
    expect(confidence).toMatchObject({
      heldOut: 'conformal',
      similar: defined(learned).horizons.map(({ years }) => ({ years, patients: 15 })),
    });
    expect(defined(defined(read(survival, 'result.json').confidence).survival).patients).toBe(12);
    expect((await subspace('predict', survival, '--bag', bag(patient), '--expression', expression)).out).toMatch(
      /^ {2}predicted alike, \d y +of 15 conformal patients, /m,
    );
  });
});

test('where a run holds no confidence, or that of another checkpoint, it is said to be unknown', async () => {
  rmSync(join(survival, 'confidence.json'));
  const { confidence, likeTraining } = await predictPatient(survival, { bag: [bag(patient)], expression });
  expect([confidence, likeTraining]).toEqual([
    { unknown: expect.stringContaining('no confidence.json') },
    { unknown: expect.stringContaining('no confidence.json') },
  ]);
  expect((await subspace('predict', survival, '--bag', bag(patient), '--expression', expression)).out).toMatch(
    /^ {2}like training patients +not known: /m,
  );
  expect((await evaluate(survival)).result.confidence).toBeUndefined();
});
