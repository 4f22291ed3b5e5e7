import type OpenSeadragon from 'openseadragon';
import type { Connection } from 'subspace-fusion/browser';
import type { SlideInfo, SlideTasks } from '../slide/tasks.js';
import type { Transform } from './attention-map.js';
import { button, contextOf, el } from './dom.js';

/** A slide on the page, with a drawing over it that moves with it. */
export interface SlideViewer {
  /** Draws again what lies over the slide. */
  redraw(): void;
  close(): void;
}

type Jobs = {
  readonly tile: { readonly level: number; readonly x: number; readonly y: number };
  finish(data: unknown, request: null, type: string): void;
  fail(message: string, request: null): void;
};

/**
 * Shows a slide in `container`, tile by tile as they come into view.
 * @param draw draws over the slide; `at` says where level 0 lies on the drawing
 * @param onPick called with the place of level 0 that was clicked
 */
export async function showSlide(
  container: HTMLElement,
  tasks: Connection<SlideTasks>,
  info: SlideInfo,
  draw: (context: CanvasRenderingContext2D, at: Transform) => void,
  onPick: (x: number, y: number) => void,
): Promise<SlideViewer> {
  const { default: Osd } = await import('openseadragon');
  const place = el('div', { class: 'slide-image' });
  const canvas = el('canvas', { class: 'over', 'aria-hidden': true });
  container.replaceChildren(place); // the viewer asks for its size at once
  const viewer: OpenSeadragon.Viewer = Osd({
    element: place,
    showNavigationControl: false, // its pictures are files of their own; the buttons below are this page's
    showNavigator: false,
    gestureSettingsMouse: { clickToZoom: false },
    maxZoomPixelRatio: 4,
    animationTime: 0.4,
    tileSources: tileSource(Osd, tasks, info) as never,
  });
  place.append(canvas);
  const zoom = (by: number) => () => void viewer.viewport.zoomBy(by).applyConstraints();
  container.append(
    el(
      'p',
      { class: 'buttons' },
      button('Zoom in', zoom(1.5)),
      button('Zoom out', zoom(1 / 1.5)),
      button('Whole slide', () => viewer.viewport.goHome()),
    ),
  );

  function redraw(): void {
    const { clientWidth, clientHeight } = place;
    const dense = devicePixelRatio;
    canvas.width = clientWidth * dense;
    canvas.height = clientHeight * dense;
    if (viewer.world.getItemCount() === 0) return;
    const image = viewer.world.getItemAt(0);
    const onScreen = (x: number, y: number) =>
      viewer.viewport.viewportToViewerElementCoordinates(image.imageToViewportCoordinates(x, y));
    const [zero, one] = [onScreen(0, 0), onScreen(1000, 0)];
    const context = contextOf(canvas);
    context.scale(dense, dense);
    draw(context, { scale: (one.x - zero.x) / 1000, x: zero.x, y: zero.y });
  }
  viewer.addHandler('open', redraw);
  viewer.addHandler('update-viewport', redraw);
  viewer.addHandler('resize', redraw);
  viewer.addHandler('canvas-click', (event) => {
    if (viewer.world.getItemCount() === 0 || !(event as { quick?: boolean }).quick) return;
    const image = viewer.world.getItemAt(0);
    const point = image.viewerElementToImageCoordinates((event as { position: OpenSeadragon.Point }).position);
    onPick(point.x, point.y);
  });
  return { redraw, close: () => viewer.destroy() };
}

/** Levels of OpenSeadragon go from the coarsest to the finest, the slide's the other way. */
function tileSource(
  Osd: typeof OpenSeadragon,
  tasks: Connection<SlideTasks>,
  { levels, tileEdge }: SlideInfo,
): OpenSeadragon.TileSource {
  const [base] = levels as [SlideInfo['levels'][0]];
  const finest = levels.length - 1;
  const source = new Osd.TileSource({
    width: base.width,
    height: base.height,
    tileSize: tileEdge,
    tileOverlap: 0,
    minLevel: 0,
    maxLevel: finest,
  });
  return Object.assign(source, {
    getLevelScale: (level: number) => 1 / levels[finest - level].downsample,
    getNumTiles: (level: number) => {
      const { width, height } = levels[finest - level];
      return new Osd.Point(Math.ceil(width / tileEdge), Math.ceil(height / tileEdge));
    },
    getTileUrl: (level: number, x: number, y: number) => `tile:${level}/${x}/${y}`,
    hasTransparency: () => false,
    downloadTileStart(job: Jobs) {
      const { level, x, y } = job.tile;
      tasks.tile({ level: finest - level, column: x, row: y }).then(
        (bitmap) => job.finish(bitmap, null, 'imageBitmap'),
        (error: unknown) => job.fail(String(error), null),
      );
    },
    downloadTileAbort: () => undefined,
  });
}
