import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CohortExplanation, PatientExplanation } from '../runs/explanations.js';
import { openRunFolder } from '../runs/run-folder.js';
import { isPlainMessage, subspace } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { copyCohort, editTable, newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { train } from '../training/train.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const [run, cohort] = [join(folder, 'run'), join(folder, 'cohort')];
const json = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
const ofPatient = (path: string) => json(path) as PatientExplanation;
const ofCohort = (path: string) => json(path) as CohortExplanation;
let patient: string;
beforeAll(async () => {
  const yaml = await tinyCohort(cohort, { ragged: true });
  await train({ config: await shortConfig(yaml, { 'training.epochs': '1' }), out: run });
  patient = defined((await (await openRunFolder(run)).split()).test[0]);
}, 60_000);

describe('a patient', () => {
  test('of the cohort: words, JSON whose parts fit together, and a figure of the slide', async () => {
    const { code, out, err } = await subspace('explain', run, '--patient', patient);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain(`${patient}: survival; explained: risk, higher is worse`);
    const { genes, subspaces, modalities, slides, notes, value } = ofPatient(
      join(run, 'explanations', `${patient}.json`),
    );
    expect(notes).toEqual([]);
    expect(value).toBeLessThan(0);
    const { from, to, sum, holds } = defined(genes).completeness;
    expect(holds).toBe(true);
    expect(defined(genes).subspaces.tumour.sum + defined(genes).subspaces.microenvironment.sum).toBeCloseTo(sum, 4);
    expect(defined(genes).subspaces.microenvironment.genes).toHaveLength(120);
    // The same four values of the modalities: what genes change last is what their attributions explain.
    expect(defined(modalities).both - defined(modalities).alone.slide).toBeCloseTo(to - from, 4);
    expect(defined(modalities).contribution.genes + defined(modalities).contribution.slide).toBeCloseTo(
      defined(modalities).both - defined(modalities).neither,
      4,
    );
    expect(defined(subspaces).both).toBeCloseTo(value, 4);
    const [slide] = slides;
    const { tumour, microenvironment } = slide.branches;
    const total = (values: readonly number[]) => values.reduce((t, x) => t + x, 0);
    expect(total(defined(defined(tumour).moved)) + total(defined(defined(microenvironment).moved))).toBeCloseTo(
      defined(slide.completeness).sum,
      4,
    );
    expect(defined(slide.completeness).from).toBeCloseTo(defined(modalities).alone.genes, 4);
    expect(slide.layout.kind).toBe('slide');
    for (const list of [
      slide.layout.x,
      slide.layout.y,
      defined(tumour).attention,
      defined(tumour).heads[7],
      defined(defined(tumour).moved),
    ])
      expect(list).toHaveLength(slide.rows.length);
    const svg = readFileSync(join(run, 'explanations', `${slide.slide.replace('.h5', '')}.svg`), 'utf8');
    expect(svg).toMatch(/^<svg xmlns=.*<title>.*tumour subspace.*microenvironment subspace.*<\/svg>$/s);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('from files, without the cohort: the same, by the means that the run keeps; without those, a note instead of shares', async () => {
    const files = [
      '--bag',
      join(cohort, 'bags', `${patient}-DX1.h5`),
      '--expression',
      join(cohort, 'expression.csv.gz'),
      '--patient',
      patient,
    ];
    const known = ofPatient(join(run, 'explanations', `${patient}.json`));
    const away = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')) as { clinical: { file: string } };
    writeFileSync(
      join(run, 'config.json'),
      JSON.stringify({ ...away, clinical: { ...away.clinical, file: join(folder, 'gone.csv') } }),
    );
    try {
      const kept = await subspace('explain', run, ...files, '--out', join(folder, 'kept'));
      expect(kept.code).toBe(0);
      const same = ofPatient(join(folder, 'kept', `${patient}.json`));
      expect(same.value).toBeCloseTo(known.value, 4);
      expect(defined(same.subspaces).contribution.tumour).toBeCloseTo(defined(known.subspaces).contribution.tumour, 4);
      defined(defined(same.slides[0].branches.tumour).moved).forEach((moved, i) =>
        expect(moved).toBeCloseTo(defined(defined(known.slides[0].branches.tumour).moved)[i], 3),
      );
      const background = join(run, 'explanations', 'background.json');
      const stored = readFileSync(background);
      rmSync(background);
      const { out } = await subspace('explain', run, ...files, '--out', join(folder, 'alone'));
      writeFileSync(background, stored);
      const alone = ofPatient(join(folder, 'alone', `${patient}.json`));
      expect(out).toContain('note: no shares and no map of what patches moved');
      expect(defined(alone.genes).completeness).toEqual(defined(same.genes).completeness);
      expect(alone.subspaces ?? alone.modalities ?? defined(alone.slides[0].branches.tumour).moved).toBeUndefined();
    } finally {
      writeFileSync(join(run, 'config.json'), JSON.stringify(away));
    }
  });

  test('over a thumbnail of the slide', async () => {
    const picture = join(folder, 'slide.png');
    await sharp({ create: { width: 80, height: 60, channels: 3, background: '#e0c0d0' } })
      .png()
      .toFile(picture);
    const args = ['explain', run, '--patient', patient, '--out', join(folder, 'drawn'), '--thumbnail', picture];
    expect((await subspace(...args, '--downsample', '32')).code).toBe(0);
    const svg = readFileSync(join(folder, 'drawn', `${patient}-DX1.svg`), 'utf8');
    expect(svg).toContain('<image href="data:image/jpeg;base64,');
    expect(svg).toContain('width="2560" height="1920"'); // 80 × 32, 60 × 32
    const { code, err } = await subspace(...args);
    expect(code).toBe(2);
    expect(err).toContain('--thumbnail needs --downsample');
    for (const wrong of ['0', '0.5', '1e9', 'x'])
      expect((await subspace(...args, '--downsample', wrong)).err).toContain('give a number from 1 to 1000000');
  });

  test.each([
    ['nobody', () => [], 'Say whom to explain'],
    ['a stranger', () => ['--patient', 'XY'], "has no usable patient 'XY'"],
    [
      'slides alone',
      () => ['--bag', join(cohort, 'bags', `${patient}-DX1.h5`)],
      'has no expression (--expression), which the model needs',
    ],
    [
      'a picture that is none',
      () => ['--patient', patient, '--thumbnail', join(cohort, 'clinical.csv'), '--downsample', '2'],
      'is no picture that can be read',
    ],
    [
      'the scale of no picture',
      () => ['--patient', patient, '--downsample', '2'],
      '--downsample is that of a --thumbnail',
    ],
  ])('%s is refused', async (_what, args, message) => {
    const { code, err } = await subspace('explain', run, ...args());
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(isPlainMessage(err)).toBe(true);
  });
});

describe('a cohort', () => {
  test('genes of both subspaces with intervals, groups of risk, sets with an adjusted p', async () => {
    const sets = join(folder, 'gene-sets.gmt');
    writeFileSync(sets, `${readFileSync(join(cohort, 'gene-sets.gmt'), 'utf8')}DATED\tx\t7-Sep\t1-Dec\n`);
    const { code, out, err } = await subspace('explain', run, '--cohort', '--gene-sets', sets);
    expect(code).toBe(0);
    expect(err).toMatch(
      /warning: .*gene-sets\.gmt: 2 genes of DATED look like dates that a spreadsheet made \(7-Sep, 1-Dec\)/,
    );
    expect(out).toContain('share of the tumour subspace');
    expect(out).toMatch(/set DECOY_1 \(\d+ of \d+ genes\): area 0\.\d+/);
    expect(out).toContain('set TUMOUR (60 of 60 genes): not tested');
    const { rankings, groups, untrained, completeness, patients } = ofCohort(
      join(run, 'explanations', 'cohort-test.json'),
    );
    expect(rankings.map(({ subspace, genes }) => [subspace, genes.length])).toEqual([
      ['tumour', 60],
      ['microenvironment', 120],
    ]);
    for (const { genes } of rankings)
      for (const { low, importance, high } of genes) expect(low <= importance && importance <= high).toBe(true);
    expect(defined(groups).groups.reduce((n, group) => n + group.patients, 0)).toBe(patients);
    // One epoch changes little: the order of genes is that of the starting weights, and this says so.
    expect(untrained.tumour).toBeGreaterThan(0.5);
    expect(completeness.over).toBe(0);
  });

  test('of classes: the log-probability of the predicted class', async () => {
    const yaml = copyCohort(cohort, join(folder, 'classes'));
    await train({
      config: await shortConfig(yaml, { 'training.epochs': '5', 'training.learningRate': '0.003', task: 'subtype' }),
      out: join(folder, 'subtype'),
    });
    const { out, code } = await subspace('explain', join(folder, 'subtype'), '--patient', patient, '--json');
    expect(code).toBe(0);
    const { output, value } = JSON.parse(out) as PatientExplanation;
    expect(output).toMatchObject({ kind: 'logProbability' });
    expect(Math.exp(value)).toBeGreaterThan(1 / 3 - 1e-6);
    expect(existsSync(join(folder, 'subtype', 'explanations', `${patient}.json`))).toBe(true);
  });
});

test('a cohort that lost a patient of the run is refused', async () => {
  editTable(join(cohort, 'clinical.csv'), (rows) => rows.filter(([id]) => id !== patient));
  const { code, err } = await subspace('explain', run, '--cohort');
  expect(code).toBe(2);
  expect(err).toContain('no longer in the cohort');
});
