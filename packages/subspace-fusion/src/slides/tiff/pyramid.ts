import { notRead, slideError } from '../slide.js';
import { unreadable } from './decode-tile.js';
import type { TiffImage } from './directories.js';

/** How a slide was scanned, as far as its file says. */
export interface Scale {
  readonly magnification?: number;
  readonly micrometres?: number;
}

/** A pixel of a slide is between 5 nm and 20 µm wide; what a file says beyond that is meant for printing. */
const isPlausible = (micrometres: number) => micrometres >= 0.005 && micrometres <= 20;

/** A scale with only what is known and can be. */
function known(magnification: number | undefined, micrometres: number | undefined): Scale {
  return {
    ...(magnification !== undefined && magnification > 0 ? { magnification } : {}),
    ...(micrometres !== undefined && isPlausible(micrometres) ? { micrometres } : {}),
  };
}

/** Aperio writes "AppMag = 20|MPP = 0.4990" into the description. */
function aperioScale(description: string): Scale {
  const value = (name: string) => {
    const found = new RegExp(`\\|\\s*${name}\\s*=\\s*([\\d.]+)`).exec(description)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return known(value('AppMag'), value('MPP'));
}

/** Length units of OME-XML in micrometres; µm where none is stated. */
const OME_UNITS: Readonly<Partial<Record<string, number>>> = {
  µm: 1,
  μm: 1,
  um: 1,
  nm: 1e-3,
  mm: 1e3,
  cm: 1e4,
  m: 1e6,
};

function omeScale(xml: string): Scale {
  const attribute = (element: string, name: string) =>
    new RegExp(`<(?:\\w+:)?${element}\\b[^>]*?\\s${name}="([^"]*)"`).exec(xml)?.[1];
  const size = attribute('Pixels', 'PhysicalSizeX');
  const unit = OME_UNITS[attribute('Pixels', 'PhysicalSizeXUnit') ?? 'µm'];
  const power = attribute('Objective', 'NominalMagnification');
  return known(
    power === undefined ? undefined : Number(power),
    size === undefined || unit === undefined ? undefined : Number(size) * unit,
  );
}

/** Scale of a slide from the description or the resolution tags of its finest image. */
export function scaleOf(format: string, { description, micrometres }: TiffImage): Scale {
  if (format === 'Aperio SVS') return aperioScale(description);
  const tags = known(undefined, micrometres);
  return format === 'OME-TIFF' ? { ...tags, ...omeScale(description) } : tags;
}

/** Scale from the dots an inch of a plain image. */
export const scaleOfDensity = (dotsPerInch: number | undefined): Scale =>
  known(undefined, dotsPerInch === undefined ? undefined : 25_400 / dotsPerInch);

/** Which program's kind of TIFF it is. Throws {@link InputError} for those whose tiles do not lie as in a plain pyramid. */
export function tiffFormat(file: string, images: readonly TiffImage[]): string {
  const [{ description, maker }] = images as [TiffImage];
  if (maker.ndpi) throw notRead(file, 'Hamamatsu NDPI');
  if (description.includes('<scn')) throw notRead(file, 'Leica SCN');
  if (/^philips/i.test(maker.software)) throw notRead(file, 'the TIFF of Philips');
  if (maker.xmp.includes('<iScan')) throw notRead(file, 'Ventana BIF');
  if (description.startsWith('Aperio')) return 'Aperio SVS';
  return /<(\w+:)?OME\b/.test(description) ? 'OME-TIFF' : 'TIFF';
}

/** Whether b shows all of a at a lower resolution: the same proportions up to the rounding of a level's size. */
function isSmallerCopy(a: TiffImage, b: TiffImage): boolean {
  const height = (a.height * b.width) / a.width;
  return b.width < a.width && b.height < a.height && Math.abs(b.height - height) <= 2 + 0.002 * height;
}

/**
 * The levels of a pyramid, finest first: the largest image and its smaller copies. Labels, macros and thumbnails of another kind (strips
 * beside tiles) are none.
 * @throws {InputError} where the largest image is none that is read.
 */
export function pyramidOf(file: string, images: readonly TiffImage[]): TiffImage[] {
  const pixels = ({ width, height, tiled }: TiffImage) => (tiled ? 1 : 1e-9) * width * height; // any tiled image before any other
  const base = [...images].sort((a, b) => pixels(b) - pixels(a)).at(0);
  if (!base || base.width < 1 || base.height < 1 || base.tileWidth < 1 || base.tileHeight < 1) {
    throw slideError(file, 'there is no image in the file', 'Copy or download it again');
  }
  const problem = unreadable(base);
  if (problem !== undefined) throw notRead(file, `TIFF with ${problem}`);
  const others = [...images, ...base.subImages]
    .filter((image) => image.tiled === base.tiled && isSmallerCopy(base, image) && unreadable(image) === undefined)
    .sort((a, b) => b.width - a.width);
  return [base, ...others.filter(({ width }, i) => i === 0 || width < others[i - 1].width)];
}
