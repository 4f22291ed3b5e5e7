import { join } from 'node:path';
import { InputError } from '../files/errors.js';
import { writeJson } from '../runs/run-folder.js';
import { openEncoder, type Encoder } from '../slides/encoder.js';
import { extract, removeLeftovers } from '../slides/extract.js';
import { slideName } from '../slides/slide-files.js';
import { Interrupted } from '../training/train.js';
import { JOB_FILES, type ExtractionRequest, type JobContext } from './job.js';

/**
 * Extracts the features of a slide into the request's `out`; `result.json` says what came of it. A slide that is stopped begins anew.
 * @throws {InputError} where the encoder is not the one that was planned with, and as `extract` does; {@link Interrupted} where it was stopped
 */
export async function doExtraction(
  folder: string,
  request: ExtractionRequest,
  { signal, onProgress, encoder: opened }: JobContext,
): Promise<void> {
  await removeLeftovers(request.out, slideName(request.slide.file)); // the job's lock is held: nobody is writing them
  const encoder = opened ?? (await openPlanned(request));
  try {
    const { slide, out, cutting, fix, overwrite, batch, threads } = request;
    const onPatches = (done: number, of: number) => onProgress?.({ done: done / of, of: 1 });
    const record = await extract(slide.file, {
      out,
      encoder,
      cutting,
      fix,
      overwrite,
      batch,
      threads,
      signal,
      onPatches,
    });
    await writeJson(join(folder, JOB_FILES.result), record);
  } catch (error) {
    if (signal?.aborted && error instanceof Error) throw new Interrupted(error.message);
    throw error;
  } finally {
    if (encoder !== opened) await encoder.dispose();
  }
}

async function openPlanned({
  encoder: { file, sha256, config },
  provider,
  threads,
}: ExtractionRequest): Promise<Encoder> {
  const encoder = await openEncoder(file, { overrides: config, provider, threads });
  if (encoder.sha256 === sha256) return encoder;
  await encoder.dispose();
  throw new InputError(
    `${file}: is not the encoder any more that the extraction was planned with. Put it back, or start \`subspace extract\` again.`,
  );
}
