import { maxOf, minOf } from '../files/lists.js';
import sharp from 'sharp';
import { InputError } from '../files/errors.js';
import type { Branch } from '../model/parts.js';
import type { BranchView, ExplainedOutput, SampledPoint, SlideExplanation } from '../runs/explanations.js';
import { BRANCH_WORDS, outputWords } from '../words/prediction.js';

/** Attributes of an element; numbers are rounded to what a screen can show. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An SVG element with its children. Attributes that are undefined are left out. */
function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${typeof value === 'number' ? short(value) : escaped(value)}"`],
  );
  return `<${name}${written.join('')}${children.length === 0 ? '/>' : `>${children.join('')}</${name}>`}`;
}

/** Text as an element's child. */
function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}

function short(value: number): string {
  return String(Number(value.toFixed(2)));
}

function text(x: number, y: number, words: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escaped(words));
}

/** A picture of the whole slide to draw under the patches, in pale grey. */
export interface Thumbnail {
  /** `data:` address of the picture. */
  readonly href: string;
  /** What it covers, in the units of the patches' coordinates, from the slide's upper left corner. */
  readonly width: number;
  readonly height: number;
}

/** Longest edge that is embedded. */
const EDGE = 1024;

/**
 * Reads a picture (PNG, JPEG, TIFF, WebP) of a whole slide.
 * @param downsample Pixels of level 0 along the edge of one of its pixels
 * @throws InputError where it is no picture.
 */
export async function readThumbnail(file: string, downsample: number): Promise<Thumbnail> {
  try {
    const picture = sharp(file);
    const { width, height } = await picture.metadata();
    const small = picture
      .resize({ width: EDGE, height: EDGE, fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#fff' });
    // Pale grey: the colours of a stain would mix with those of the maps.
    const jpeg = await small.greyscale().linear(0.6, 100).jpeg({ quality: 75 }).toBuffer();
    return {
      href: `data:image/jpeg;base64,${jpeg.toString('base64')}`,
      width: width * downsample,
      height: height * downsample,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new InputError(`${file}: is no picture that can be read (${reason}). Give a PNG or JPEG of the whole slide.`);
  }
}

/** Colours that print apart and that the colour-blind tell apart: orange and blue of the subspaces, green and purple for down and up. */
const COLOURS: Readonly<Record<Branch, string>> = { tumour: '#b84a00', microenvironment: '#00629b', joint: '#444444' };
const UP = '#762a83';
const DOWN = '#1b7837';
const INK = '#1b1f24';
const QUIET = '#59636e';
const PAPER = '#ffffff';
const EMPTY = '#eceff2';

/** Edge of a head's map, space between the columns, and their width: a large map is as wide as four heads. */
const SMALL = 70;
const GAP = 24;
const COLUMN = 4 * SMALL + 3 * 6;
const LEFT = 20;
const SHADES = 12;

/** Where the maps of a slide stand: its extent in the units of the patches. */
interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws where the branches looked on a slide, side by side: attention summed over the heads, then of each head, the sampled points with their offsets on
 * the bag's grid, and what the patches moved. A stand-alone SVG.
 */
export function slideFigure(
  patient: string,
  slide: SlideExplanation,
  output: ExplainedOutput,
  thumbnail?: Thumbnail,
): string {
  const branches = Object.entries(slide.branches) as [Branch, BranchView][];
  const frame = frameOf(slide, thumbnail);
  const scale = COLUMN / Math.max(frame.width, frame.height);
  const mapHeight = frame.height * scale;
  const even = 1 / slide.rows.length;
  const most = Math.max(maxOf(branches.flatMap(([, { attention }]) => attention)), even);
  const mostOfHead = Math.max(maxOf(branches.flatMap(([, { heads }]) => heads.flat())), even);
  const mostMoved = Math.max(maxOf(branches.flatMap(([, { moved = [] }]) => moved.map(Math.abs))), 0);
  const rows = { attention: 76, heads: 0, points: 0, moved: 0, end: 0 };
  rows.heads = rows.attention + mapHeight + 58;
  const headHeight = (frame.height * SMALL) / Math.max(frame.width, frame.height);
  rows.points = rows.heads + 2 * (headHeight + 16) + 24;
  const hasPoints = branches.some(([, { points }]) => points.length > 0);
  rows.moved = rows.points + (hasPoints ? COLUMN + 64 : 0);
  rows.end = rows.moved + (mostMoved > 0 ? mapHeight + 56 : 0);

  const side = Math.sqrt(slide.tokens);
  const reach = reachOf(
    branches.flatMap(([, { points }]) => points),
    side,
  );
  const columns = branches.map(([branch, view], i) => {
    const x = LEFT + i * (COLUMN + GAP);
    const draw = (y: number, size: number, cells: string) => map(slide, frame, { x, y, size }, cells, thumbnail);
    const heads = view.heads.map((head, h) => {
      const at = { x: x + (h % 4) * (SMALL + 6), y: rows.heads + Math.floor(h / 4) * (headHeight + 16), size: SMALL };
      return (
        map(slide, frame, at, shaded(slide, head, mostOfHead, COLOURS[branch])) +
        text(at.x, at.y - 3, `head ${h + 1}`, { 'font-size': 9, fill: QUIET })
      );
    });
    return [
      text(x, 62, BRANCH_WORDS[branch], { 'font-weight': 600, fill: COLOURS[branch] }),
      draw(rows.attention, COLUMN, shaded(slide, view.attention, most, COLOURS[branch])),
      caption(
        x,
        rows.attention + mapHeight + 14,
        `${percent(outsideShare(view))} of the attention lies beyond the bag's border`,
      ),
      ...heads,
      hasPoints ? pointsMap(view, { side, reach }, { x, y: rows.points }, COLOURS[branch]) : '',
      view.moved ? draw(rows.moved, COLUMN, shaded(slide, view.moved, mostMoved, UP, DOWN)) : '',
      view.moved ? caption(x, rows.moved + mapHeight + 14, `sum ${signed(view.moved.reduce((t, m) => t + m, 0))}`) : '',
    ].join('');
  });
  const width = LEFT * 2 + branches.length * COLUMN + (branches.length - 1) * GAP;
  const heading = `${patient}, ${slide.slide}`;
  const seen =
    slide.rows.length < slide.patches
      ? `${slide.rows.length} of ${slide.patches} patches are in the bag`
      : `${slide.patches} patches`;
  const layout = slide.layout.kind === 'slide' ? '' : '; the file has no coordinates: patches in its order';
  const titles = [
    text(LEFT, 24, heading, { 'font-size': 15, 'font-weight': 600 }),
    text(
      LEFT,
      42,
      `Attention that patches receive. Darkest: ${(most / even).toFixed(1)} times an even share. ${seen}${layout}.`,
      { fill: QUIET },
    ),
    text(LEFT, rows.heads - 18, `By head. Darkest: ${(mostOfHead / even).toFixed(1)} times an even share.`, {
      fill: QUIET,
    }),
    hasPoints
      ? text(
          LEFT,
          rows.points - 10,
          'Sampled points on the grid of the bag, with their offsets; area: attention. The frame is the border.',
          { fill: QUIET },
        )
      : '',
    mostMoved > 0 ? legend(rows.moved - 12, mostMoved, output) : '',
  ];
  const description = `Attention of ${branches.map(([branch]) => BRANCH_WORDS[branch]).join(' and ')} over ${seen}.`;
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${short(width)} ${short(rows.end)}`,
      width,
      height: rows.end,
      role: 'img',
      'font-family': 'system-ui, "DejaVu Sans", sans-serif',
      'font-size': 11,
      fill: INK,
    },
    element('title', {}, escaped(heading)),
    element('desc', {}, escaped(description)),
    element('rect', { width: '100%', height: '100%', fill: PAPER }),
    ...titles,
    ...columns,
  );
}

/** Extent of all patches, or of the thumbnail. */
function frameOf({ layout: { x, y, edge } }: SlideExplanation, thumbnail: Thumbnail | undefined): Frame {
  if (thumbnail) return { left: 0, top: 0, width: thumbnail.width, height: thumbnail.height };
  const [left, top] = [minOf(x), minOf(y)];
  return { left, top, width: maxOf(x) - left + edge, height: maxOf(y) - top + edge };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

/** A map of the slide: its picture or its patches in grey, and the cells over them. */
function map(
  slide: SlideExplanation,
  frame: Frame,
  { x, y, size }: Place,
  cells: string,
  thumbnail?: Thumbnail,
): string {
  const scale = size / Math.max(frame.width, frame.height);
  const under = thumbnail
    ? element('image', { href: thumbnail.href, width: thumbnail.width, height: thumbnail.height })
    : element('path', {
        d: squares(
          slide,
          slide.rows.map((_, i) => i),
        ),
        fill: EMPTY,
      });
  return element(
    'g',
    {
      transform: `translate(${short(x)} ${short(y)}) scale(${scale.toPrecision(6)}) translate(${-frame.left} ${-frame.top})`,
    },
    under,
    cells,
  );
}

/** Patches in shades of a colour, from 0 to `most`; below 0 in another colour. One path a shade keeps the file small. */
function shaded(
  slide: SlideExplanation,
  values: readonly number[],
  most: number,
  colour: string,
  negative = colour,
): string {
  const shades = new Map<number, number[]>();
  values.forEach((value, i) => {
    const shade = most > 0 ? Math.sign(value) * Math.round((SHADES * Math.abs(value)) / most) : 0;
    if (shade !== 0) shades.set(shade, [...(shades.get(shade) ?? []), i]);
  });
  return [...shades]
    .map(([shade, patches]) =>
      element('path', {
        d: squares(slide, patches),
        fill: shade > 0 ? colour : negative,
        'fill-opacity': Math.abs(shade) / SHADES,
      }),
    )
    .join('');
}

/** Squares of these patches as one path. */
function squares({ layout: { x, y, edge } }: SlideExplanation, patches: readonly number[]): string {
  return patches.map((i) => `M${short(x[i])} ${short(y[i])}h${short(edge)}v${short(edge)}h${short(-edge)}z`).join('');
}

/** Edge of the square around the bag's grid that shows all points, in cells. */
function reachOf(points: readonly SampledPoint[], side: number): number {
  const middle = (side - 1) / 2;
  return points.reduce(
    (reach, { x, y }) => Math.max(reach, 2 * Math.abs(x - middle) + 1, 2 * Math.abs(y - middle) + 1),
    side,
  );
}

/** Sampled points over the bag's grid. */
function pointsMap(
  { points }: BranchView,
  { side, reach }: { side: number; reach: number },
  { x, y }: Omit<Place, 'size'>,
  colour: string,
): string {
  const unit = COLUMN / reach;
  const at = (cell: number) => (cell + 0.5 - side / 2 + reach / 2) * unit;
  const largest = maxOf(points.map(({ attention }) => attention));
  const radius = Math.min(7, Math.max(2.5, 60 / Math.sqrt(points.length)));
  const offsets = points
    .map((p) => `M${short(at(p.fromX))} ${short(at(p.fromY))}L${short(at(p.x))} ${short(at(p.y))}`)
    .join('');
  const dots = points.map((p) =>
    element('circle', {
      cx: at(p.x),
      cy: at(p.y),
      r: Math.max(0.8, radius * Math.sqrt(p.attention / largest)),
      fill: colour,
      'fill-opacity': 0.55,
    }),
  );
  return element(
    'g',
    { transform: `translate(${short(x)} ${short(y)})` },
    element('rect', {
      x: at(-0.5),
      y: at(-0.5),
      width: side * unit,
      height: side * unit,
      fill: EMPTY,
      stroke: QUIET,
      'stroke-width': 0.8,
    }),
    element('path', { d: offsets, stroke: QUIET, 'stroke-width': 0.5, 'stroke-opacity': 0.45, fill: 'none' }),
    ...dots,
  );
}

function legend(y: number, most: number, output: ExplainedOutput): string {
  return (
    text(LEFT, y - 16, `What patches moved (${outputWords(output)}), against a bag of mean patches.`, { fill: QUIET }) +
    element('rect', { x: LEFT, y: y - 9, width: 10, height: 10, fill: UP }) +
    text(LEFT + 15, y, 'up', { fill: QUIET }) +
    element('rect', { x: LEFT + 45, y: y - 9, width: 10, height: 10, fill: DOWN }) +
    text(LEFT + 60, y, `down; darkest ${most.toPrecision(2)}`, { fill: QUIET })
  );
}

function caption(x: number, y: number, words: string): string {
  return text(x, y, words, { 'font-size': 10, fill: QUIET });
}

/** Part of a branch's attention that falls on no token. */
function outsideShare({ outside }: BranchView): number {
  return outside.reduce((t, share) => t + share, 0) / outside.length;
}

const percent = (share: number) => `${Math.round(100 * share)} %`;
const signed = (x: number) => `${x < 0 ? '−' : '+'}${Math.abs(x).toPrecision(2)}`;
