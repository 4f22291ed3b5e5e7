import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Patient } from '../cohort/index.js';

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
