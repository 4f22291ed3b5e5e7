import { maxOf, minOf } from '../files/lists.js';
import * as Plot from '@observablehq/plot';
import { figure, LARGE } from './figure.js';
import { html, type Html } from './html.js';

/** One line of a forest plot. */
export interface ForestRow {
  readonly name: string;
  /** The value with its interval in words; where there is none, why. */
  readonly words: string;
  readonly value: number | undefined;
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly mark: ForestMark;
}

/** Colour and symbol both tell marks apart. */
export const FOREST_MARKS = {
  first: { colour: 'var(--blue)', symbol: 'square2', text: '■' },
  trained: { colour: 'var(--orange)', symbol: 'circle', text: '●' },
  simple: { colour: 'var(--green)', symbol: 'triangle2', text: '▲' },
  helps: { colour: 'var(--blue)', symbol: 'square2', text: '■' },
  harms: { colour: 'var(--orange)', symbol: 'diamond2', text: '◆' },
  equivalent: { colour: 'var(--green)', symbol: 'circle', text: '●' },
  undetermined: { colour: 'var(--quiet)', symbol: 'times', text: '✕' },
  'not tested': { colour: 'var(--quiet)', symbol: 'circle', text: '●' },
} as const satisfies Record<string, { colour: string; symbol: Plot.SymbolType; text: string }>;
export type ForestMark = keyof typeof FOREST_MARKS;

/** Height of a row: the words above, the interval below. */
const ROW = 44;
/** Above a row's line: its words. */
const WORDS_ABOVE = 18;
/** Room of a name beside its words, in ems: at the size that letters have on a phone, too. */
const NAME_WIDTH = 15;
const TOP = 30;
const BOTTOM = 44;

export interface ForestOptions {
  readonly title: string;
  /** What the axis shows. */
  readonly axis: string;
  /** Where a model or difference that says nothing lies. */
  readonly nothing: number;
  /** Half the width of a band about it that is no matter. */
  readonly margin?: number;
  /** What marks mean, in the order of the legend. */
  readonly legend: Partial<Record<ForestMark, string>>;
  readonly caption: string;
}

/** A forest plot: a row each with its name, its value in words, and the value on an axis with its interval. A row without a value has its words alone. */
export function forestPlot(
  rows: readonly ForestRow[],
  { title, axis, nothing, margin, legend, caption }: ForestOptions,
): Html {
  const drawn = rows.flatMap((row, at) => (row.value === undefined ? [] : [{ ...row, at }]));
  const bounded = drawn.filter(({ low, high }) => low !== undefined && high !== undefined);
  const ends = [nothing, ...drawn.flatMap(({ value, low, high }) => [value, low, high].filter((x) => x !== undefined))];
  const words = { y: (_: ForestRow, i: number) => i, dy: -WORDS_ABOVE, stroke: 'var(--paper)', strokeWidth: 5 };
  const used = Object.entries(legend).filter(([mark]) =>
    rows.some((row) => row.value !== undefined && row.mark === mark),
  );
  const items = used.map(
    ([mark, text]) =>
      html`<li><span style="color:${FOREST_MARKS[mark as ForestMark].colour}" aria-hidden="true">${FOREST_MARKS[mark as ForestMark].text}</span> ${text}</li>`,
  );
  const description = rows.map(({ name, words }) => `${name}: ${words}`).join('; ');
  return figure(title, `Forest plot. ${description}.`, html`<ul class="legend">${items}</ul>${caption}`, {
    width: LARGE.width,
    height: TOP + BOTTOM + ROW * rows.length,
    marginLeft: 18,
    marginRight: 18,
    marginTop: TOP,
    marginBottom: BOTTOM,
    x: {
      domain: [minOf(ends), maxOf(ends)],
      nice: true,
      ticks: 5,
      label: axis,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 38,
      grid: true,
    },
    y: { axis: null, domain: [-0.5, rows.length - 0.5], reverse: true },
    marks: [
      ...(margin === undefined
        ? []
        : [
            Plot.rect([0], {
              x1: nothing - margin,
              x2: nothing + margin,
              y1: -0.5,
              y2: rows.length - 0.5,
              fill: 'var(--quiet)',
              fillOpacity: 0.15,
              ariaLabel: 'margin',
            }),
          ]),
      Plot.ruleX([nothing], { stroke: 'var(--quiet)', strokeDasharray: '4 3' }),
      Plot.link(bounded, {
        x1: 'low',
        x2: 'high',
        y: 'at',
        stroke: (row: ForestRow) => FOREST_MARKS[row.mark].colour,
        strokeWidth: 2.2,
      }),
      Plot.dot(drawn, {
        x: 'value',
        y: 'at',
        r: 4.5,
        strokeWidth: 2,
        symbol: (row: ForestRow) => FOREST_MARKS[row.mark].symbol,
        stroke: (row: ForestRow) => FOREST_MARKS[row.mark].colour,
        fill: (row: ForestRow) => (row.mark === 'undetermined' ? 'none' : FOREST_MARKS[row.mark].colour),
      }),
      Plot.text(rows, {
        ...words,
        frameAnchor: 'left',
        textAnchor: 'start',
        text: 'name',
        fill: 'var(--ink)',
        lineWidth: NAME_WIDTH,
        textOverflow: 'ellipsis',
      }),
      Plot.text(rows, { ...words, frameAnchor: 'right', textAnchor: 'end', text: 'words', fill: 'var(--quiet)' }),
    ],
  });
}
