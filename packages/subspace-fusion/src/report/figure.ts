import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { html, markup, type Html } from './html.js';

/** What is used of an element; the types of the page's elements are not there in Node. */
interface Element {
  readonly outerHTML: string;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  querySelectorAll(selector: string): Iterable<Element>;
}

/** Plot draws into this document; every drawing is serialised and then forgotten. */
const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as { document: object };

/** An SVG drawn by Observable Plot. */
export const draw = (options: Plot.PlotOptions): Element => Plot.plot({ ...options, document }) as Element;

/** Colours of the page's style sheet, which knows a light and a dark shade of each. */
export const COLOURS = {
  tumour: 'var(--orange)',
  microenvironment: 'var(--blue)',
  low: 'var(--blue)',
  high: 'var(--orange)',
  quiet: 'var(--quiet)',
} as const;

/** Line styles of up to eight classes: colour and dash both tell them apart. */
export const CLASS_STYLES = [
  { colour: 'var(--blue)', dash: undefined },
  { colour: 'var(--orange)', dash: '7 3' },
  { colour: 'var(--green)', dash: '2 3' },
  { colour: 'var(--pink)', dash: '9 3 2 3' },
  { colour: 'var(--ink)', dash: undefined },
  { colour: 'var(--blue)', dash: '7 3' },
  { colour: 'var(--orange)', dash: '2 3' },
  { colour: 'var(--green)', dash: '9 3 2 3' },
] as const;

/** A half column wide, or a whole one. Both stay legible at the width of a phone. */
export const SMALL = { width: 340, height: 230 };
export const LARGE = { width: 520, height: 380 };

/**
 * One figure: an SVG drawn by Observable Plot, with its title above and its caption below.
 * `description` tells who cannot see the drawing what it shows.
 */
export function figure(title: string, description: string, caption: Html | string, options: Plot.PlotOptions): Html {
  const svg = draw({ ...options, ariaLabel: title, ariaDescription: description });
  svg.setAttribute('role', 'img');
  // Plot names its groups for readers, who hear the description of the whole instead; a label without a role is an error.
  for (const group of svg.querySelectorAll('g[aria-label]')) {
    group.setAttribute('data-mark', group.getAttribute('aria-label') ?? '');
    group.removeAttribute('aria-label');
  }
  return html`<figure><h4>${title}</h4>${markup(svg.outerHTML)}<figcaption>${caption}</figcaption></figure>`;
}

/** A short piece of line beside its name. */
export function swatch(colour: string, dash?: string): Html {
  return html`<svg class="swatch" width="26" height="10" aria-hidden="true"><line x1="0" x2="26" y1="5" y2="5" stroke="${colour}"
 stroke-width="3" stroke-dasharray="${dash ?? 'none'}"/></svg>`;
}

/** The steps 1, 2 or 5 times a power of ten: the smallest that cuts `span` into at most six pieces. */
export function roundStep(span: number): number {
  const power = 10 ** Math.floor(Math.log10(span / 6));
  return power * ([1, 2, 5].find((factor) => span <= 6 * factor * power) ?? 10);
}

/** Multiples of a round step from 0 up to `end` > 0. */
export function roundTicks(end: number): number[] {
  const step = roundStep(end);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}
