import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBag } from '../cohort/bags/features.js';
import { labelPatients } from '../cohort/clinical/labels.js';
import { loadCohort } from '../cohort/load.js';
import { loadConfig } from '../config/config.js';
import { InputError } from '../files/errors.js';
import { defined } from '../testing/defined.js';
import { simulateCohort, type SimulationOptions } from './cohort.js';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'simulated-'))));
afterAll(() => rm(folder, { recursive: true }));

const SMALL = { patients: 30, population: 30, bag: 36, width: 16 };

async function simulate(name: string, options: Partial<SimulationOptions> = {}) {
  return simulateCohort({ ...SMALL, ...options, out: join(folder, name) });
}

/** Digest of each file of a cohort, by its path. */
async function digests(name: string): Promise<Record<string, string>> {
  const files = (await readdir(join(folder, name), { recursive: true })).filter((file) => file.includes('.')).sort();
  const contents = await Promise.all(files.map((file) => readFile(join(folder, name, file))));
  return Object.fromEntries(files.map((file, i) => [file, createHash('sha256').update(contents[i]).digest('hex')]));
}

describe('simulateCohort', () => {
  it('writes the same bytes for the same seed, at another time too, and others for another seed', async () => {
    await simulate('first');
    await new Promise((resolve) => setTimeout(resolve, 1100)); // HDF5 stamps whole seconds
    await simulate('again');
    await simulate('other', { seed: 2 });
    const [first, again, other] = [await digests('first'), await digests('again'), await digests('other')];
    expect(Object.keys(first)).toHaveLength(35);
    expect(again).toEqual(first);
    for (const [file, digest] of Object.entries(other)) expect(digest).not.toBe(first[file]);
  });

  it('writes a cohort that loads with no warning but of its small bags, each patient with a diagnosis', async () => {
    const { config, events } = await simulate('loaded');
    const { cohort, problems } = await loadCohort(await loadConfig(config));
    expect(problems.map(({ message }) => message)).toEqual([
      'a bag of 36 tokens (model.bag) leaves the attention a single key',
    ]);
    expect(cohort).toMatchObject({ encoder: 'simulated', width: 16, timeUnit: 'months' });
    expect(cohort.patients).toHaveLength(30);
    expect(cohort.patients.filter(({ survival }) => survival?.event)).toHaveLength(events);
    expect(cohort.genes.tumour).toHaveLength(60);
    expect(cohort.genes.microenvironment).toHaveLength(120);
    for (const rule of ['who2021', 'paper'] as const)
      expect(labelPatients(cohort.patients, 'diagnosis', rule).byPatient.size).toBe(30);
    const bag = await readBag(cohort.patients[0].bags[0]);
    expect(bag.patches).toBe(36);
    expect(Array.from(defined(bag.coordinates).slice(10, 14))).toEqual([5 * 256, 0, 0, 256]);
  });

  it('gives the twin of a regime the same patients, with other outcomes', async () => {
    await simulate('own', { regime: 'attention' });
    await simulate('twin', { regime: 'attention', twin: true });
    const [own, twin] = [await digests('own'), await digests('twin')];
    const different = Object.keys(own).filter((file) => own[file] !== twin[file]);
    expect(different.sort()).toEqual(['clinical.csv', 'cohort.yaml', 'truth.json']);
  });

  it('tells the truth: latents, η and its expectations for each patient', async () => {
    const { coefficients } = await simulate('truth');
    const truth = JSON.parse(await readFile(join(folder, 'truth', 'truth.json'), 'utf8'));
    expect(truth).toMatchObject({ seed: 1, regime: 'mixed', twin: false, coefficients });
    expect(truth.patients).toHaveLength(30);
    for (const { programmes: t, h, phi, rim, core, eta, expectedEta } of truth.patients) {
      const R = t[1] > 0 ? rim : core;
      const c = coefficients;
      expect(eta).toBeCloseTo(c.a * t[0] + c.b * t[3] + c.c * phi + c.d * t[1] * h + c.e * t[2] * t[5] + c.f * R, 9);
      expect(Object.keys(expectedEta)).toEqual(['genes', 'anyOrder', 'inPlace', 'both']);
    }
  });

  it('writes slides of different sizes where asked to', async () => {
    const { config } = await simulate('ragged', { ragged: true, bag: 64 });
    const { cohort } = await loadCohort(await loadConfig(config));
    const sizes = await Promise.all(cohort.patients.map(async ({ bags }) => (await readBag(bags[0])).patches));
    expect([...new Set(sizes)].sort((a, b) => a - b)).toEqual([36, 49, 64, 81, 100]);
  });

  it('refuses a bag that is no square, and too few patients', async () => {
    await expect(simulate('bad', { bag: 50 })).rejects.toThrow(InputError);
    await expect(simulate('bad', { bag: 25 })).rejects.toThrow('square number');
    await expect(simulate('bad', { patients: 3 })).rejects.toThrow('10 patients');
  });
});
