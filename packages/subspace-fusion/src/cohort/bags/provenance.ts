import { baseName, printable } from '../../files/text.js';
import type { Attributes } from '../../files/torch.js';
import type { BagHeader, Provenance, ProvenanceSummary } from '../types.js';

/** Names of the attributes that are read, in CLAM's, TRIDENT's and STAMP's words; no other is, for some hold paths and names. */
export const ATTRIBUTES = [
  ...['encoder', 'encoder_name', 'patch_encoder', 'extractor'],
  ...[
    'target_magnification',
    'magnification',
    'level0_magnification',
    'level0_mpp',
    'patch_level',
    'downsample',
    'custom_downsample',
  ],
  ...['patch_size', 'patch_size_level0', 'overlap', 'unit', 'tile_size', 'tile_size_um', 'tile_size_px', 'feat_type'],
] as const;

/** The first of an attribute's values; some writers store one number as a list of one, or a downsampling once a direction. */
const single = (value: unknown): unknown =>
  Array.isArray(value) || ArrayBuffer.isView(value) ? (value as ArrayLike<unknown> & object)[0 as never] : value;

function textOf(value: unknown): string | undefined {
  const one = single(value);
  const text = typeof one === 'string' ? one.replace(/\0+$/, '').trim() : '';
  return text === '' || /^(none|null|nan|unknown)$/i.test(text) ? undefined : text;
}

function numberOf(value: unknown): number | undefined {
  const one = single(value);
  if (typeof one !== 'number' && typeof one !== 'bigint' && !(typeof one === 'string' && one.trim() !== ''))
    return undefined;
  const number = Number(one);
  return Number.isFinite(number) && number >= 0 ? number : undefined;
}

function sizeOf(value: unknown): number | undefined {
  return numberOf(value) || undefined;
}

/**
 * An encoder's name fit to be shown. Some writers store the path of the weights: of that only the file's name is kept. A name
 * on a model hub has one slash (`owner/model`) and stays.
 */
function encoderName(a: Attributes): string | undefined {
  const text =
    textOf(a['encoder']) ?? textOf(a['encoder_name']) ?? textOf(a['patch_encoder']) ?? textOf(a['extractor']);
  if (text === undefined) return undefined;
  const isHubName = /^[\w:-][\w:.-]*\/[\w.-]+$/.test(text) && !/\.(pth?|bin|ckpt|onnx|safetensors|h5)$/i.test(text);
  return printable(isHubName ? text : baseName(text));
}

function unitOf(unit: string | undefined): Provenance['unit'] {
  if (unit === undefined) return undefined;
  if (/^(um|µm|μm|microns?|micrometers?|micrometres?)$/i.test(unit)) return 'micrometres';
  return /^(px|pixels?)$/i.test(unit) ? 'pixels' : undefined;
}

/** Edge of a patch in pixels of level 0: as stated (TRIDENT), or from the level it was cut at and its downsampling (CLAM). */
function level0Size(a: Attributes, patchSize: number | undefined): number | undefined {
  const downsample = sizeOf(a['downsample']) ?? (numberOf(a['patch_level']) === 0 ? 1 : undefined);
  const derived =
    patchSize !== undefined && downsample !== undefined
      ? patchSize * downsample * (sizeOf(a['custom_downsample']) ?? 1)
      : undefined;
  return sizeOf(a['patch_size_level0']) ?? derived;
}

/**
 * What a feature file's attributes say about its patches.
 * @param pixels Whether coordinates without a stated unit are pixels of level 0, as CLAM's and TRIDENT's are.
 */
export function provenanceOf(a: Attributes, pixels: boolean): Provenance {
  const inMicrometres =
    sizeOf(a['tile_size_um']) ?? (unitOf(textOf(a['unit'])) === 'micrometres' ? sizeOf(a['tile_size']) : undefined);
  const patchSize = sizeOf(a['patch_size']) ?? sizeOf(a['tile_size_px']);
  const patchSizeLevel0 = level0Size(a, sizeOf(a['patch_size']));
  const pixel = sizeOf(a['level0_mpp']);
  const measured =
    patchSizeLevel0 !== undefined && pixel !== undefined ? Number((patchSizeLevel0 * pixel).toPrecision(3)) : undefined;
  const found: Provenance = {
    encoder: encoderName(a),
    magnification: sizeOf(a['target_magnification']) ?? sizeOf(a['magnification']),
    level0Magnification: sizeOf(a['level0_magnification']),
    patchLevel: numberOf(a['patch_level']),
    patchSize,
    patchSizeLevel0,
    patchSizeMicrometres: inMicrometres ?? measured,
    overlap: numberOf(a['overlap']),
    unit: unitOf(textOf(a['unit'])) ?? (inMicrometres !== undefined ? 'micrometres' : pixels ? 'pixels' : undefined),
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** STAMP also writes features of whole slides and patients, and says so. Undefined for features of patches. */
export function otherThanPatches(a: Attributes): string | undefined {
  const type = textOf(a['feat_type']);
  return type === undefined || /^(tile|patch)$/i.test(type) ? undefined : printable(type);
}

const FACTS = [
  ...(['encoder', 'magnification', 'level0Magnification', 'patchLevel', 'patchSize'] as const),
  ...(['patchSizeLevel0', 'patchSizeMicrometres', 'overlap', 'unit'] as const),
] satisfies (keyof Provenance)[];

/** The {@link ProvenanceSummary} of bags; a fact of which no file says anything is left out. */
export function summarise(headers: Iterable<BagHeader>): ProvenanceSummary {
  const all = [...headers];
  const said = FACTS.map((fact) => [fact, [...new Set(all.flatMap((header) => header[fact] ?? []))]] as const);
  return Object.fromEntries(said.filter(([, values]) => values.length > 0));
}

/** A summary in one line: "256 pixels at 20×, 512 or 256 at level 0, coordinates in pixels"; undefined where nothing is said. */
export function describePatches(s: ProvenanceSummary): string | undefined {
  const or = (values: readonly (string | number)[] | undefined) => values?.join(' or ');
  const parts = [
    s.patchSize && `${or(s.patchSize)} pixels`,
    s.magnification && `at ${or(s.magnification)}×`,
    s.patchLevel && `of level ${or(s.patchLevel)}`,
    s.patchSizeLevel0 && `${or(s.patchSizeLevel0)} pixels at level 0`,
    s.level0Magnification && `scanned at ${or(s.level0Magnification)}×`,
    s.patchSizeMicrometres && `${or(s.patchSizeMicrometres)} µm`,
    s.overlap && `overlapping by ${or(s.overlap)}`,
    s.unit && `coordinates in ${or(s.unit)}`,
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(', ') : undefined;
}
