import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Config } from './config.js';

/** SHA-256 of a file's bytes, in hexadecimal. */
export async function sha256File(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** SHA-256 of the tables that a model is trained on. The bags are left out: they may be larger than is quick to read. */
export async function hashInputs(config: Config): Promise<{ clinical: string; expression: string; geneSets: string }> {
  return {
    clinical: await sha256File(config.clinical.file),
    expression: await sha256File(config.expression.file),
    geneSets: await sha256File(config.geneSets.file),
  };
}
