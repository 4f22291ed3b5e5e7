import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { readBag } from '../cohort/bags/features.js';
import { SMALL_ENCODER_YAML, smallEncoder } from './small-encoder.js';

/** Writes slides `A.tif`, `B.tif`, … and `encoder.onnx` into a folder; returns the arguments of `subspace extract` for them. */
export async function tinySlides(folder: string, n: number): Promise<string[]> {
  mkdirSync(join(folder, 'slides'), { recursive: true });
  writeFileSync(join(folder, 'encoder.onnx'), smallEncoder({ size: 32, width: 8 }));
  writeFileSync(join(folder, 'encoder.yaml'), SMALL_ENCODER_YAML);
  for (let i = 0; i < n; i++)
    await tinySlide(join(folder, 'slides', `${String.fromCharCode(65 + i)}.tif`), 150 + 12 * i);
  return ['extract', join(folder, 'slides'), '--encoder', join(folder, 'encoder.onnx'), '--patch-size', '64'];
}

/** A round piece of tissue with a texture, scanned at 20×. */
export async function tinySlide(path: string, radius: number): Promise<void> {
  const stripes = Array.from(
    { length: 20 },
    (_, i) => `<path d="M0 ${25 * i} L512 ${25 * i + radius}" stroke="rgb(110,50,130)" stroke-width="${1 + (i % 5)}"/>`,
  ).join('');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512"><defs><clipPath id="c"><circle cx="256" cy="256" r="${radius}"/></clipPath></defs>
    <rect width="512" height="512" fill="white"/><g clip-path="url(#c)"><rect width="512" height="512" fill="rgb(205,130,175)"/>${stripes}</g></svg>`;
  await sharp(Buffer.from(svg))
    .removeAlpha()
    .tiff({ compression: 'deflate', tile: true, xres: 2000, yres: 2000 })
    .toFile(path);
}

/** What an extraction wrote of a slide. HDF5 notes the time in its files, so they are compared by what they hold. */
export async function written(out: string, slide: string) {
  const bag = await readBag({ slide, path: join(out, `${slide}.h5`) });
  // Killed between the features and the record, the slide needs no job the next time, and has none.
  const result = join(out, 'jobs', slide, 'result.json');
  const record = existsSync(result)
    ? (JSON.parse(readFileSync(result, 'utf8')) as Record<string, unknown>)
    : { slide, status: 'present' };
  return {
    bag,
    record: { ...record, seconds: 'not compared' },
    picture: readFileSync(join(out, 'overview', `${slide}.png`)).toString('base64'),
  };
}
