import type { SlideInfo } from '../slide.js';
import type { TiffImage } from './directories.js';

/** How a slide was scanned, as far as its file says. */
export type Scale = Pick<SlideInfo, 'magnification' | 'micrometres' | 'unreadScale'>;

/** A pixel of a slide is between 5 nm and 20 µm wide; what a file says beyond that is meant for printing. */
const isPlausible = (micrometres: number) => micrometres >= 0.005 && micrometres <= 20;

/** A scale with only what is known and can be. */
export function plausibleScale(
  magnification: number | undefined,
  micrometres: number | undefined,
  unreadScale?: string,
): Scale {
  return {
    ...(magnification !== undefined && magnification > 0 ? { magnification } : {}),
    ...(micrometres !== undefined && isPlausible(micrometres) ? { micrometres } : {}),
    ...(unreadScale === undefined ? {} : { unreadScale }),
  };
}

/** A number with a point or, as programs write it in half of the world, a comma; undefined where it is none. */
function numberOf(text: string): number | undefined {
  const written = /^\s*([-+]?\d*[.,]?\d+(?:e[-+]?\d+)?)\s*$/i.exec(text)?.[1];
  return written === undefined ? undefined : Number(written.replace(',', '.'));
}

/** Aperio writes "AppMag = 20|MPP = 0.4990" into the description. */
function aperioScale(description: string): Scale {
  const text = (name: string) => new RegExp(`\\|\\s*${name}\\s*=([^|\r\n]*)`).exec(description)?.[1].trim();
  const unread: string[] = [];
  const value = (name: string) => {
    const written = text(name);
    if (written === undefined || written === '') return undefined;
    const number = numberOf(written.replace(/(?:x|×|µm|um)$/i, ''));
    if (number === undefined) unread.push(`${name} is '${written}', which is no number`);
    return number;
  };
  const [magnification, micrometres] = [value('AppMag'), value('MPP')];
  return plausibleScale(magnification, micrometres, unread[0]);
}

/** Length units of OME-XML in micrometres. */
const OME_UNITS: Readonly<Partial<Record<string, number>>> = {
  ...{ µm: 1, μm: 1, um: 1, micron: 1, microns: 1, micrometer: 1, micrometre: 1 },
  ...{ pm: 1e-6, Å: 1e-4, nm: 1e-3, mm: 1e3, cm: 1e4, dm: 1e5, m: 1e6 },
  ...{ thou: 25.4, mil: 25.4, in: 25_400, inch: 25_400, '"': 25_400, pt: 25_400 / 72 },
};
/** What OME-XML has for sizes that are no lengths. */
const NO_LENGTHS = ['pixel', 'reference frame'];

/** Characters by the names that XML and HTML have for them, as far as units need them. */
const ENTITIES: Readonly<Partial<Record<string, string>>> = { micro: 'µ', mu: 'μ', quot: '"', angst: 'Å', amp: '&' };

/** The text of an attribute in XML. */
const unescaped = (text: string) =>
  text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });

function omeScale(xml: string): Scale {
  const attribute = (element: string, name: string) => {
    const text = new RegExp(`<(?:\\w+:)?${element}\\b[^>]*?\\s${name}\\s*=\\s*(["'])(.*?)\\1`).exec(xml)?.[2];
    // UTF-8 that was taken for Latin-1 on its way has a letter Â before each sign like µ.
    return text === undefined
      ? undefined
      : unescaped(text)
          .trim()
          .replace(/^Â(?=[µÅ])/, '');
  };
  const size = attribute('Pixels', 'PhysicalSizeX');
  const unit = attribute('Pixels', 'PhysicalSizeXUnit') ?? 'µm'; // as the schema has it
  const power = attribute('Objective', 'NominalMagnification');
  const magnification = power === undefined ? undefined : numberOf(power);
  if (size === undefined || NO_LENGTHS.includes(unit)) return plausibleScale(magnification, undefined);
  const [value, micrometres] = [numberOf(size), OME_UNITS[unit]];
  if (value === undefined)
    return plausibleScale(magnification, undefined, `PhysicalSizeX is '${size}', which is no number`);
  if (micrometres === undefined)
    return plausibleScale(magnification, undefined, `the unit '${unit}' of PhysicalSizeX is not known`);
  return plausibleScale(magnification, value * micrometres);
}

/** Scale of a slide from the description or the resolution tags of its finest image. */
export function scaleOf(format: string, { description, micrometres }: TiffImage): Scale {
  if (format === 'Aperio SVS') return aperioScale(description);
  const tags = plausibleScale(undefined, micrometres);
  return format === 'OME-TIFF' ? { ...tags, ...omeScale(description) } : tags;
}

/** Scale from the dots an inch of a plain image. */
export const scaleOfDensity = (dotsPerInch: number | undefined): Scale =>
  plausibleScale(undefined, dotsPerInch === undefined ? undefined : 25_400 / dotsPerInch);
