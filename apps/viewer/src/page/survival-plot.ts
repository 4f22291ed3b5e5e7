import { count, PER_YEAR, percent, RISK_GROUP_WORDS } from 'subspace-fusion/browser';
import type { PredictedSurvival, RunView } from '../engine/views.js';
import { svg } from './dom.js';

const WIDTH = 560;
const HEIGHT = 320;
const MARGIN = { left: 72, right: 12, top: 14, bottom: 62 };

/** The patient's predicted survival over the Kaplan-Meier curves of the tested patients' risk groups; `changed` is what-if. */
export function survivalPlot(
  prediction: PredictedSurvival,
  changed: PredictedSurvival | undefined,
  { groups, timeUnit }: RunView,
): SVGSVGElement {
  const years = (time: number) => time / PER_YEAR[timeUnit];
  const ends = [...groups, prediction.curve].flatMap(({ times }) => times.slice(-1)).map(years);
  const end = Math.max(...ends) * 1.02;
  const x = (time: number) => MARGIN.left + ((WIDTH - MARGIN.left - MARGIN.right) * years(time)) / end;
  const y = (alive: number) => MARGIN.top + (HEIGHT - MARGIN.top - MARGIN.bottom) * (1 - alive);
  const line = ({ curve }: PredictedSurvival) =>
    curve.times.map((t, i) => `${i ? 'L' : 'M'}${x(t).toFixed(1)} ${y(curve.survival[i]).toFixed(1)}`).join('');
  const steps = (times: readonly number[], survival: readonly number[]) =>
    `M${x(0)} ${y(1)}` + times.map((t, i) => `H${x(t).toFixed(1)}V${y(survival[i]).toFixed(1)}`).join('');
  const alive = Object.entries(prediction.years).map(
    ([years, p]) => `${typeof p === 'number' ? percent(p) : p} after ${count(Number(years), 'year')}`,
  );
  const description =
    `Predicted survival: ${alive.join(', ')}. ` +
    (groups.length > 0
      ? `Beside it the tested patients of ${groups.map((g) => `${RISK_GROUP_WORDS[g.name]} (${g.patients})`).join(' and ')}.`
      : '');
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', class: 'plot', 'aria-label': description },
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((alive) => [
      svg('line', { x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(alive), y2: y(alive), class: 'rule' }),
      svg('text', { x: MARGIN.left - 6, y: y(alive) + 4, 'text-anchor': 'end' }, `${100 * alive} %`),
    ]),
    ...ticks(end).map((year) =>
      svg(
        'text',
        { x: x(year * PER_YEAR[timeUnit]), y: HEIGHT - MARGIN.bottom + 24, 'text-anchor': 'middle' },
        String(year),
      ),
    ),
    svg('text', { x: WIDTH / 2, y: HEIGHT - 8, 'text-anchor': 'middle' }, 'Years'),
    ...groups.map(({ name, times, survival }) => svg('path', { d: steps(times, survival), class: `group ${name}` })),
    svg('path', { d: line(prediction), class: 'patient' }),
    ...(changed ? [svg('path', { d: line(changed), class: 'changed' })] : []),
  );
}

/** Whole years, at most about eight of them. */
function ticks(end: number): number[] {
  const step = [0.25, 0.5, 1, 2, 5, 10].find((step) => end / step <= 8) ?? 20;
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
}
