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
const OME_UNITS: Readonly<Record<string, number>> = { µm: 1, μm: 1, um: 1, nm: 1e-3, mm: 1e3, cm: 1e4, m: 1e6 };

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
