/** As much of `sharp` as decodes pictures and the tiles of slides, by the browser's own means. */
import { fileAt } from './files.js';

interface Decoded {
  readonly data: Uint8Array;
  readonly info: { readonly width: number; readonly height: number; readonly channels: 3 };
}

/** RGB of a picture file (JPEG, PNG, WebP); what is transparent is white. */
async function decode(file: Blob): Promise<Decoded> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data: rgba } = context.getImageData(0, 0, width, height);
  const data = new Uint8Array(3 * width * height);
  for (let i = 0, j = 0; i < data.length; i += 3, j += 4) {
    data[i] = rgba[j]!;
    data[i + 1] = rgba[j + 1]!;
    data[i + 2] = rgba[j + 2]!;
  }
  return { data, info: { width, height, channels: 3 } };
}

/** A browser tells no channels and no density, and shows grey as RGB. */
async function metadataOf(file: Blob) {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  bitmap.close();
  const [first] = new Uint8Array(await file.slice(0, 1).arrayBuffer());
  return { width, height, channels: 3, density: undefined, format: first === 0x89 ? 'png' : 'jpeg' };
}

/** The readers set what a browser does anyway, and then ask for the bytes. */
export default function sharp(file: string | Uint8Array<ArrayBuffer>) {
  const content = typeof file === 'string' ? fileAt(file) : new Blob([file]);
  const picture = {
    metadata: () => metadataOf(content),
    flatten: () => picture,
    toColourspace: () => picture,
    raw: () => picture,
    toBuffer: () => decode(content),
  };
  return picture;
}
