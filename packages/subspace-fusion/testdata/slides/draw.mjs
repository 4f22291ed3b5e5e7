/** Draws drawn.pyramid.tif: stroma and nuclei of no real tissue, in the container that libvips makes. `node draw.mjs` */
import sharp from 'sharp';

const WIDTH = 640;
const HEIGHT = 512;

let state = 1;
/** Uniform in [0, 1), the same on every machine. */
const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;

const fibres = Array.from({ length: 60 }, () => {
  const [x, y, dx, dy] = [random() * WIDTH, random() * HEIGHT, 200 * (random() - 0.5), 60 * (random() - 0.5)];
  return `<path d="M${x} ${y} q${dx} ${dy} ${2 * dx} ${dy / 2}" stroke="rgb(${200 + 30 * random()},${120 + 40 * random()},${170 + 20 * random()})" stroke-width="${3 + 6 * random()}" fill="none"/>`;
});
const nuclei = Array.from({ length: 260 }, () => {
  const [x, y, r] = [random() * WIDTH, random() * HEIGHT, 4 + 5 * random()];
  return `<ellipse cx="${x}" cy="${y}" rx="${r}" ry="${r * (0.6 + 0.4 * random())}" fill="rgb(${85 + 30 * random()},${55 + 25 * random()},${125 + 25 * random()})"/>`;
});
const drawing = `<svg width="${WIDTH}" height="${HEIGHT}"><rect width="100%" height="100%" fill="rgb(222,165,198)"/>${fibres.join('')}${nuclei.join('')}</svg>`;

const PIXELS_PER_MM = 2000; // 0.5 µm a pixel
await sharp(Buffer.from(drawing))
  .removeAlpha()
  .tiff({ tile: true, pyramid: true, tileWidth: 256, tileHeight: 256, compression: 'jpeg', quality: 85, xres: PIXELS_PER_MM, yres: PIXELS_PER_MM })
  .toFile(new URL('drawn.pyramid.tif', import.meta.url).pathname);
