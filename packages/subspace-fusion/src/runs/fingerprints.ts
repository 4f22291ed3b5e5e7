import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { z } from 'zod';
import { SUBSPACES, type Patient, type Split, type Subspace } from '../cohort/types.js';
import type { Stored } from '../files/json.js';
import { format, texts } from './values.js';

/** Parts of a split whose patients make a model or its confidence. */
const MAKING = ['train', 'validation', 'conformal'] as const;

/** `fingerprints.json` */
export const fingerprintsFile = z.object({
  format,
  patients: z.array(
    z.object({
      patient: z.string(),
      part: z.enum(MAKING),
      expression: z.string().describe('SHA-256 of the gene values as the model reads them, float32'),
      slides: texts.describe('Of each feature file SHA-256 of its size and its first and last 64 KiB'),
    }),
  ),
});
export type Fingerprints = Stored<typeof fingerprintsFile>;

/** A patient's genes as a model reads them, `[genes]` of each subspace. */
type Genes = Readonly<Record<Subspace, Float32Array>>;

/** The fingerprints of the patients who train, select or calibrate a model. Hashes: neither a value nor a patch can be read from them. */
export async function fingerprintsOf(
  split: Split,
  patients: ReadonlyMap<string, Patient>,
  genes: (patient: string) => Genes,
): Promise<Fingerprints> {
  const found: Fingerprints['patients'][number][] = [];
  for (const part of MAKING)
    for (const id of split[part] ?? []) {
      const bags = patients.get(id)?.bags ?? [];
      const slides = await Promise.all(bags.map(({ path }) => fileFingerprint(path)));
      found.push({ patient: id, part, expression: genesFingerprint(genes(id)), slides });
    }
  return { format: 1, patients: found };
}

/** A patient who is one of those that made a model, by another id. */
export interface KnownAgain {
  readonly as: string;
  readonly part: (typeof MAKING)[number];
  readonly by: 'slides' | 'expression';
}

/** Who of these patients has the slides or the expression of one of the fingerprints. */
export async function knownAgain(
  { patients: makers }: Fingerprints,
  patients: readonly Patient[],
  genes: (patient: string) => Genes | undefined,
): Promise<Map<string, KnownAgain>> {
  const byExpression = new Map(makers.map((maker) => [maker.expression, maker]));
  const bySlide = new Map(makers.flatMap((maker) => maker.slides.map((slide) => [slide, maker] as const)));
  const found = new Map<string, KnownAgain>();
  for (const { id, bags } of patients) {
    const own = genes(id);
    const sameGenes = own && byExpression.get(genesFingerprint(own));
    if (sameGenes) found.set(id, { as: sameGenes.patient, part: sameGenes.part, by: 'expression' });
    for (const { path } of bags) {
      const sameSlide = bySlide.get(await fileFingerprint(path));
      if (sameSlide) found.set(id, { as: sameSlide.patient, part: sameSlide.part, by: 'slides' });
    }
  }
  return found;
}

function genesFingerprint(genes: Genes): string {
  const hash = createHash('sha256');
  for (const subspace of SUBSPACES) {
    const { buffer, byteOffset, byteLength } = genes[subspace];
    hash.update(`${byteLength}\n`).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}

async function fileFingerprint(path: string): Promise<string> {
  const hash = createHash('sha256');
  await addFileEnds(hash, path);
  return hash.digest('hex');
}

/** Bytes read from either end of a feature file. */
const END = 1 << 16;

/**
 * SHA-256 over all slides of a cohort: their patients, names, sizes, and the first and last 64 KiB of each file. Feature files may be
 * larger together than is quick to read; slides extracted again differ at their ends too.
 */
export async function slideFingerprint(patients: readonly Patient[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { id, bags } of patients) {
    for (const { slide, path } of bags) {
      hash.update(`${id}\t${slide}\n`);
      await addFileEnds(hash, path);
    }
  }
  return hash.digest('hex');
}

async function addFileEnds(hash: Hash, path: string): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    hash.update(`${size}\n`);
    for (const start of [0, Math.max(END, size - END)]) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(END), 0, END, start);
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
