import { BRANCH_WORDS, percent, type Branch, type Connection } from 'subspace-fusion/browser';
import type { PatchAttention, SlideView } from '../engine/views.js';
import type { SlideInfo, SlideTasks } from '../slide/tasks.js';
import {
  boxOf,
  drawAttention,
  drawFrame,
  drawGround,
  nextPatch,
  patchAt,
  type Layer,
  type Transform,
} from './attention-map.js';
import { button, contextOf, el, fill } from './dom.js';
import { showSlide, type SlideViewer } from './slide-viewer.js';

/** Colours of the branches, for light and dark pages alike. */
const COLOURS: Readonly<Record<string, Layer['colour']>> = {
  tumour: [214, 68, 40],
  microenvironment: [24, 116, 205],
  joint: [120, 60, 190],
};
const FRAME = '#ffb300';

export interface AttentionPanel {
  /** Shows a slide image under the attention. */
  showImage(tasks: Connection<SlideTasks>, info: SlideInfo): Promise<void>;
}

export interface AttentionActions {
  /** Where one patch looks; undefined where it is not known. */
  readonly neighbours: (patch: number) => Promise<PatchAttention | undefined>;
  /** Of a patient with several slides. */
  readonly choice:
    | { readonly slides: readonly string[]; readonly chosen: number; readonly onChoose: (slide: number) => void }
    | undefined;
}

/** Maps of the attention that patches receive, one a subspace, or over the slide itself. */
export function showAttention(
  section: HTMLElement,
  slide: SlideView,
  all: PatchAttention,
  { neighbours, choice }: AttentionActions,
): AttentionPanel {
  const { layout } = slide;
  const branches = Object.keys(all);
  const shown = new Set(branches);
  let view = all;
  let picked: number | undefined; // whose neighbours are shown
  let cursor: number | undefined; // of the keyboard
  let image: SlideViewer | undefined;

  const opacity = slider('opacity', 'Opacity', 0.8);
  const threshold = slider('threshold', 'Hide attention below', 0);
  const style = () => ({ opacity: Number(opacity.input.value), threshold: Number(threshold.input.value) });
  const said = el('p', { role: 'status', id: 'patch-said' });
  const back = button('Show attention of all patches', () => void pick(undefined), { hidden: true, id: 'all-patches' });
  const maps = branches.map((branch) => ({ branch, canvas: mapCanvas(branch), caption: el('figcaption') }));
  const place = el('div', { class: 'maps' }, ...maps.map(({ canvas, caption }) => el('figure', {}, canvas, caption)));

  const layersOf = (names: readonly string[]): Layer[] =>
    names.map((branch) => ({ values: view[branch], colour: COLOURS[branch] ?? COLOURS['joint'] }));
  function decorate(context: CanvasRenderingContext2D, at: Transform): void {
    if (picked !== undefined) drawFrame(context, layout, picked, FRAME, at);
    if (cursor !== undefined && cursor !== picked)
      drawFrame(context, layout, cursor, getComputedStyle(section).color, at);
  }
  function redraw(): void {
    image?.redraw();
    if (image) return;
    for (const { branch, canvas, caption } of maps) {
      const none = view[branch].every((value) => value === 0);
      caption.textContent = none ? `${branchName(branch)}: no attention on any patch` : branchName(branch);
      const at = fitted(canvas, layout);
      const context = contextOf(canvas);
      drawGround(context, layout, getComputedStyle(canvas).borderTopColor, at);
      drawAttention(context, layout, layersOf([branch]), style(), at);
      decorate(context, at);
    }
  }
  async function pick(patch: number | undefined): Promise<void> {
    const found = patch === undefined ? all : await neighbours(patch);
    if (!found) return;
    [view, picked] = [found, patch];
    back.hidden = patch === undefined;
    said.textContent =
      patch === undefined
        ? describePatch(cursor, all, layout)
        : `${describePatch(patch, all, layout)} Shown is where this patch looks.`;
    redraw();
  }

  function mapCanvas(branch: string): HTMLCanvasElement {
    const canvas = el('canvas', {
      tabindex: 0,
      role: 'application',
      class: 'map',
      'data-branch': branch,
      'aria-describedby': 'patch-said',
      'aria-label': `Attention of the ${branchName(branch)} over ${slide.inBag} patches. Arrow keys move between patches, Enter shows where a patch looks.`,
    });
    canvas.addEventListener('click', ({ offsetX, offsetY }) => {
      const at = placed(canvas, layout);
      const patch = patchAt(layout, (offsetX - at.x) / at.scale, (offsetY - at.y) / at.scale);
      if (patch !== undefined) void pick(patch);
    });
    canvas.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && cursor !== undefined) return void pick(cursor);
      if (event.key === 'Escape') return void pick(undefined);
      const next = nextPatch(layout, cursor ?? 0, event.key);
      if (next === undefined) return;
      event.preventDefault();
      cursor = next;
      said.textContent = describePatch(cursor, all, layout);
      redraw();
    });
    return canvas;
  }

  for (const { input } of [opacity, threshold]) input.addEventListener('input', redraw);
  const toggles = el(
    'fieldset',
    { hidden: true },
    el('legend', {}, 'Show'),
    ...branches.map((branch) => toggle(branch, shown, redraw)),
  );
  fill(
    section,
    el('h2', { id: 'attention-title' }, 'Where the model looked'),
    el(
      'p',
      {},
      `Attention that each patch of ${slide.name} receives, by subspace. `,
      layout.kind === 'grid'
        ? 'The file has no coordinates: patches are shown in the order of the file, which is no place on the slide. '
        : '',
      slide.inBag < slide.patches
        ? `Of ${slide.patches} patches, the ${slide.inBag} that the model reads are shown.`
        : '',
    ),
    choice && slideChoice(choice),
    el('div', { class: 'controls' }, opacity.element, threshold.element, toggles),
    place,
    said,
    back,
  );
  new ResizeObserver(redraw).observe(place);
  said.textContent = 'Choose a patch to see where it looks.';

  return {
    async showImage(tasks, info) {
      if (layout.kind === 'grid') {
        said.textContent = 'The slide cannot be laid under the attention: the feature file has no coordinates.';
        return;
      }
      image?.close();
      toggles.hidden = branches.length < 2;
      image = await showSlide(
        place,
        tasks,
        info,
        (context, at) => {
          drawAttention(context, layout, layersOf(branches.filter((branch) => shown.has(branch))), style(), at);
          decorate(context, at);
        },
        (x, y) => {
          const patch = patchAt(layout, x, y);
          if (patch !== undefined) void pick(patch);
        },
      );
      const { left, top, width, height } = boxOf(layout);
      const [base] = info.levels as [SlideInfo['levels'][0]];
      const fits = left + width <= base.width * 1.02 && top + height <= base.height * 1.02;
      said.textContent = fits
        ? `${info.name} (${info.format}, ${base.width} × ${base.height} pixels). Choose a patch to see where it looks.`
        : `The patches lie beyond the edge of ${info.name}: it is likely another slide than the features are of.`;
    },
  };
}

function slideChoice({ slides, chosen, onChoose }: NonNullable<AttentionActions['choice']>): Element {
  const select = el(
    'select',
    { id: 'slides' },
    ...slides.map((name, i) => el('option', { value: i, selected: i === chosen }, name)),
  );
  select.addEventListener('change', () => onChoose(Number(select.value)));
  return el('p', {}, el('label', { for: 'slides' }, 'Slide '), select);
}

const branchName = (branch: string): string =>
  Object.hasOwn(BRANCH_WORDS, branch) ? BRANCH_WORDS[branch as Branch] : branch;

function toggle(branch: string, shown: Set<string>, redraw: () => void): Element {
  const box = el('input', { type: 'checkbox', checked: true, value: branch });
  box.addEventListener('change', () => {
    if (box.checked) shown.add(branch);
    else shown.delete(branch);
    redraw();
  });
  return el('label', { class: `swatch ${branch}` }, box, branchName(branch));
}

function slider(id: string, label: string, value: number): { element: Element; input: HTMLInputElement } {
  const input = el('input', { type: 'range', id, min: 0, max: 1, step: 0.05, value });
  const output = el('output', { for: id }, percent(value));
  input.addEventListener('input', () => (output.textContent = percent(Number(input.value))));
  return { element: el('div', {}, el('label', { for: id }, `${label} `), input, output), input };
}

function describePatch(patch: number | undefined, all: PatchAttention, { x, y, kind }: SlideView['layout']): string {
  if (patch === undefined) return '';
  const parts = Object.entries(all).map(([branch, values]) => {
    const rank = values.filter((value) => value > values[patch]).length + 1;
    return `${branchName(branch)} ${(100 * values[patch]).toFixed(2)} % of the attention, number ${rank} of ${values.length}`;
  });
  return `Patch at ${x[patch]}, ${y[patch]}${kind === 'grid' ? ' of the grid' : ''}: ${parts.join('; ')}.`;
}

/** Where the layout lies on a canvas of its present size, in pixels of the page. */
function placed({ clientWidth, clientHeight }: HTMLCanvasElement, layout: SlideView['layout']): Transform {
  const { left, top, width, height } = boxOf(layout);
  const scale = Math.min(clientWidth / width, clientHeight / height);
  return {
    scale,
    x: (clientWidth - width * scale) / 2 - left * scale,
    y: (clientHeight - height * scale) / 2 - top * scale,
  };
}

/** Clears a canvas for drawing in pixels of the page. */
function fitted(canvas: HTMLCanvasElement, layout: SlideView['layout']): Transform {
  const dense = devicePixelRatio;
  canvas.width = canvas.clientWidth * dense;
  canvas.height = canvas.clientHeight * dense;
  contextOf(canvas).scale(dense, dense);
  return placed(canvas, layout);
}
