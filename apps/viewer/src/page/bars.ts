import { el, svg } from './dom.js';

/** One line of a bar chart. */
export interface Bar {
  readonly label: string;
  /** From −1 to 1: length and side of the bar. */
  readonly length: number;
  /** What the bar says, in numbers. */
  readonly value: readonly (string | Node)[];
  readonly kind?: string;
}

/** Bars under each other with their numbers beside them: a table to those who cannot see it. */
export function bars(caption: string, rows: readonly Bar[]): HTMLTableElement {
  const signed = rows.some(({ length }) => length < 0);
  return el(
    'table',
    { class: 'bars' },
    el('caption', {}, caption),
    el(
      'tbody',
      {},
      ...rows.map((row) =>
        el(
          'tr',
          { class: row.kind },
          el('th', { scope: 'row' }, row.label),
          el('td', { class: 'bar' }, barOf(row.length, signed)),
          el('td', { class: 'number' }, ...row.value),
        ),
      ),
    ),
  );
}

function barOf(length: number, signed: boolean): SVGSVGElement {
  const width = Math.min(1, Math.abs(length)) * (signed ? 50 : 100);
  const x = signed ? (length < 0 ? 50 - width : 50) : 0;
  const zero = signed ? svg('line', { x1: 50, x2: 50, y1: 0, y2: 10, class: 'zero' }) : undefined;
  return svg(
    'svg',
    { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': true },
    svg('rect', { x, width, y: 1, height: 8 }),
    zero,
  );
}
