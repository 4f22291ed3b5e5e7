import { slideError, type Level, type Picture, type Region, type Slide } from '../slide.js';
import { plausibleScale } from '../tiff/scale.js';
import { openSlideLibrary, type OpenSlideLibrary } from './library.js';

/** Formats by the names that OpenSlide has for the programs that write them. */
const FORMATS: Readonly<Partial<Record<string, string>>> = {
  aperio: 'Aperio SVS',
  dicom: 'DICOM',
  'generic-tiff': 'TIFF',
  hamamatsu: 'Hamamatsu',
  leica: 'Leica SCN',
  mirax: '3DHISTECH MRXS',
  philips: 'Philips TIFF',
  sakura: 'Sakura SVSLIDE',
  trestle: 'Trestle TIFF',
  ventana: 'Ventana BIF',
  zeiss: 'Zeiss CZI',
};

/**
 * Opens a slide by OpenSlide. What the file leaves empty is white.
 * @param path of a file on this machine
 * @param except makers of files that are not to be opened, by OpenSlide's names
 * @returns the slide; or, as a sentence, why OpenSlide cannot be had here; undefined where OpenSlide does not know the file
 * @throws {InputError} where OpenSlide finds the file damaged
 */
export async function openByOpenSlide(
  path: string,
  except: readonly string[] = [],
): Promise<Slide | string | undefined> {
  const found = await openSlideLibrary();
  if ('missing' in found) return found.missing;
  const { library } = found;
  const vendor = library.detectVendor(path);
  if (vendor === null || except.includes(vendor)) return undefined;
  const slide = library.open(path);
  if (slide === null) throw broken(path, `OpenSlide takes it for ${FORMATS[vendor] ?? vendor} and cannot open it`);
  const fail = library.errorOf(slide);
  if (fail !== null) {
    library.close(slide);
    throw broken(path, fail);
  }
  return describe(library, slide, path, FORMATS[vendor] ?? vendor);
}

const broken = (path: string, what: string) =>
  slideError(path, `the slide cannot be read (OpenSlide: ${what})`, 'Copy it again, with the files that belong to it');

function describe(library: OpenSlideLibrary, slide: bigint, path: string, format: string): Slide {
  const number = (name: string) => {
    const text = library.property(slide, `openslide.${name}`);
    return text === null || text === '' ? undefined : Number(text);
  };
  const levels = Array.from({ length: library.levelCount(slide) }, (_, level): Level => {
    const [width, height] = ['width', 'height'].map((edge) => number(`level[${level}].tile-${edge}`));
    return {
      ...library.levelSize(slide, level),
      downsample: library.downsample(slide, level),
      ...(width !== undefined && height !== undefined && { piece: { width, height } }),
    };
  });
  const reading = new Set<Promise<unknown>>();
  return {
    format: `${format} (OpenSlide ${library.version})`,
    levels,
    ...plausibleScale(number('objective-power'), number('mpp-x')),
    async read(level, region) {
      const { downsample } = levels[level];
      const [x, y] = [region.x, region.y].map((at) => Math.round(at * downsample));
      const read = library.read(slide, level, x, y, region.width, region.height);
      reading.add(read);
      try {
        const pixels = await read;
        const fail = library.errorOf(slide);
        if (fail !== null) throw broken(path, fail);
        return onWhite(pixels, region);
      } finally {
        reading.delete(read);
      }
    },
    async close() {
      await Promise.allSettled(reading);
      library.close(slide);
    },
  };
}

/** Pixels whose colours were multiplied by their opacity, on white glass. */
function onWhite(pixels: Uint32Array, { width, height }: Region): Picture {
  const out = new Uint8Array(3 * pixels.length);
  for (let i = 0, to = 0; i < pixels.length; i++, to += 3) {
    const argb = pixels[i];
    const glass = 255 - (argb >>> 24);
    out[to] = ((argb >>> 16) & 255) + glass;
    out[to + 1] = ((argb >>> 8) & 255) + glass;
    out[to + 2] = (argb & 255) + glass;
  }
  return { width, height, pixels: out };
}
