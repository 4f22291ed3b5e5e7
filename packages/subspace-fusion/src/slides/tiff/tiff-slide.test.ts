import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { slideFolders } from '../../testing/data.js';
import {
  encodedTiles,
  halved,
  jpeg2000,
  madePicture,
  madeTiff,
  rgbTags,
  sharpOf,
  splitJpeg,
  type Tag,
} from '../made-slides.test.helper.js';
import { openSlideFile } from '../open-slide-file.js';
import type { Picture, Slide } from '../slide.js';

const folder = mkdtempSync(join(tmpdir(), 'tiff-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const picture = madePicture(300, 220);
const TILE = 64;

async function withSlide<T>(name: string, bytes: Uint8Array, use: (slide: Slide) => Promise<T>): Promise<T> {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  const slide = await openSlideFile(file);
  try {
    return await use(slide);
  } finally {
    await slide.close();
  }
}

const whole = (slide: Slide, level = 0) =>
  slide.read(level, { x: 0, y: 0, width: slide.levels[level].width, height: slide.levels[level].height });

/** Largest and mean difference of two pictures. */
function difference(a: Picture, b: Picture): { largest: number; mean: number } {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  const differences = a.pixels.map((value, i) => Math.abs(value - b.pixels[i]));
  return {
    largest: Math.max(...new Set(differences)),
    mean: differences.reduce((sum, d) => sum + d, 0) / differences.length,
  };
}

describe('compressions, as libvips writes them, in tiles and in strips', () => {
  for (const compression of ['none', 'lzw', 'deflate', 'packbits'] as const) {
    for (const tile of [true, false]) {
      for (const predictor of compression === 'lzw' || compression === 'deflate'
        ? (['none', 'horizontal'] as const)
        : (['none'] as const)) {
        test(`${compression}, predictor ${predictor}, ${tile ? 'tiles' : 'strips'}: every pixel`, async () => {
          const bytes = await sharpOf(picture)
            .tiff({ compression, predictor, tile, tileWidth: TILE, tileHeight: TILE })
            .toBuffer();
          await withSlide(`${compression}.tif`, bytes, async (slide) => {
            expect(difference(await whole(slide), picture).largest).toBe(0);
          });
        });
      }
    }
  }

  for (const [compression, mean] of [
    ['jpeg', 1.5],
    ['webp', 4],
  ] as const) {
    test(`${compression}: nearly`, async () => {
      const bytes = await sharpOf(picture)
        .tiff({ compression, quality: 95, tile: true, tileWidth: TILE, tileHeight: TILE })
        .toBuffer();
      await withSlide(`${compression}.tif`, bytes, async (slide) => {
        expect(difference(await whole(slide), picture).mean).toBeLessThan(mean);
      });
    });
  }
});

describe('forms of the file', () => {
  const deflated = () => encodedTiles(picture, TILE, (tile) => deflateSync(tile));

  for (const form of [
    { littleEndian: true, big: false },
    { littleEndian: false, big: false },
    { littleEndian: true, big: true },
    { littleEndian: false, big: true },
  ]) {
    test(`${form.big ? 'BigTIFF' : 'TIFF'}, ${form.littleEndian ? 'little' : 'big'}-endian`, async () => {
      const bytes = madeTiff([{ tags: rgbTags(picture, TILE, 8), tiles: await deflated() }], form);
      await withSlide('form.tif', bytes, async (slide) => {
        expect(difference(await whole(slide), picture).largest).toBe(0);
      });
    });
  }

  test('three separate planes', async () => {
    const planes = [0, 1, 2].map((c) =>
      encodedTiles(picture, TILE, (tile) => deflateSync(tile.filter((_, i) => i % 3 === c))),
    );
    const tiles = (await Promise.all(planes)).flat();
    await withSlide(
      'planes.tif',
      madeTiff([{ tags: rgbTags(picture, TILE, 8, { planar: 2 }), tiles }]),
      async (slide) => {
        expect(difference(await whole(slide), picture).largest).toBe(0);
      },
    );
  });

  test('tiles that the scanner left out are white', async () => {
    const tiles = (await deflated()).map((tile, i) => (i === 0 ? new Uint8Array(0) : tile));
    await withSlide('missing.tif', madeTiff([{ tags: rgbTags(picture, TILE, 8), tiles }]), async (slide) => {
      expect(new Set((await slide.read(0, { x: 0, y: 0, width: TILE, height: TILE })).pixels)).toEqual(new Set([255]));
      expect((await slide.read(0, { x: TILE, y: 0, width: 1, height: 1 })).pixels).toEqual(
        picture.pixels.slice(3 * TILE, 3 * TILE + 3),
      );
    });
  });
});

describe('JPEG tiles', () => {
  /** JPEG in 4:4:4; the file says of its colours that they are `photometric`. */
  const slideOf = async (photometric: number) => {
    const jpegs = await encodedTiles(picture, TILE, (tile) =>
      sharpOf({ width: TILE, height: TILE, pixels: tile })
        .jpeg({ quality: 95, chromaSubsampling: '4:4:4', optimiseCoding: false })
        .toBuffer(),
    );
    const split = jpegs.map(splitJpeg);
    const tables: Tag = [347, 'undefined', split[0].tables];
    return madeTiff([
      { tags: [...rgbTags(picture, TILE, 7, { photometric }), tables], tiles: split.map(({ rest }) => rest) },
    ]);
  };

  test('with tables that the tiles share', async () => {
    await withSlide('tables.tif', await slideOf(6), async (slide) => {
      expect(difference(await whole(slide), picture).mean).toBeLessThan(3);
    });
  });

  test('are taken for what the file says, not for what a JPEG usually is: RGB stays untransformed', async () => {
    await withSlide('rgb.tif', await slideOf(2), async (slide) => {
      const [y, cb, cr] = (await slide.read(0, { x: 100, y: 100, width: 1, height: 1 })).pixels as unknown as [
        number,
        number,
        number,
      ];
      const at = 3 * (100 * picture.width + 100);
      const [r, g, b] = picture.pixels.subarray(at, at + 3) as unknown as [number, number, number];
      expect(Math.abs(y - (0.299 * r + 0.587 * g + 0.114 * b))).toBeLessThan(4);
      expect(Math.abs(cb - (128 - 0.1687 * r - 0.3313 * g + 0.5 * b))).toBeLessThan(4);
      expect(Math.abs(cr - (128 + 0.5 * r - 0.4187 * g - 0.0813 * b))).toBeLessThan(4);
    });
  });
});

describe('JPEG 2000 tiles as Aperio has them', () => {
  test('RGB (33005): every pixel', async () => {
    const tiles = await encodedTiles(picture, TILE, jpeg2000);
    await withSlide('33005.svs', madeTiff([{ tags: rgbTags(picture, TILE, 33005), tiles }]), async (slide) => {
      expect(difference(await whole(slide), picture).largest).toBe(0);
    });
  });

  test('YCbCr (33003): transformed', async () => {
    // Y 100, Cb 50, Cr 205 by the formula of JFIF.
    const tile = await jpeg2000(Uint8Array.from({ length: 3 * TILE * TILE }, (_, i) => [100, 50, 205][i % 3]));
    const tags = rgbTags({ ...picture, width: TILE, height: TILE }, TILE, 33003, { photometric: 6 });
    await withSlide('33003.svs', madeTiff([{ tags, tiles: [tile] }]), async (slide) => {
      expect([...(await slide.read(0, { x: 5, y: 5, width: 1, height: 1 })).pixels]).toEqual([208, 72, 0]);
    });
  });

  test('YCbCr with half as many columns of colour', async () => {
    // By opj_compress 2.5.0: Y (x + y)/2, Cb x/4 and Cr 255 − y/2 of a tile of 256 × 256, all rounded down.
    const tile = Buffer.from(SUBSAMPLED, 'base64');
    const tags = rgbTags({ ...picture, width: 256, height: 256 }, 256, 33003, { photometric: 6 });
    await withSlide('422.svs', madeTiff([{ tags, tiles: [tile] }]), async (slide) => {
      const [r, g, b] = (await slide.read(0, { x: 100, y: 100, width: 1, height: 1 })).pixels as unknown as [
        number,
        number,
        number,
      ];
      expect([Math.abs(r - 208) <= 1, Math.abs(g - 72) <= 1, b]).toEqual([true, true, 0]);
    });
  });
});

describe('pyramids', () => {
  const quarter = halved(halved(picture));
  const levels = async () =>
    Promise.all(
      [picture, halved(picture), quarter].map(async (level) => ({
        tags: rgbTags(level, TILE, 8),
        tiles: await encodedTiles(level, TILE, (tile) => deflateSync(tile)),
      })),
    );

  test('levels are the smaller copies of the largest image, whatever their order, without labels and macros', async () => {
    const [base, half, small] = await levels();
    const label = madePicture(100, 120);
    const other = {
      tags: rgbTags(label, TILE, 8),
      tiles: await encodedTiles(label, TILE, (tile) => deflateSync(tile)),
    };
    await withSlide('pyramid.tif', madeTiff([other, small, base, half]), async (slide) => {
      expect(slide.levels).toEqual([
        { width: 300, height: 220, downsample: 1, piece: { width: TILE, height: TILE } },
        { width: 150, height: 110, downsample: 2, piece: { width: TILE, height: TILE } },
        { width: 75, height: 55, downsample: 4, piece: { width: TILE, height: TILE } },
      ]);
      expect(difference(await whole(slide, 2), quarter).largest).toBe(0);
    });
  });

  test('OME-TIFF keeps them as sub-images, and its scale in XML', async () => {
    const [base, ...below] = await levels();
    const xml = `<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Instrument><Objective ID="o" NominalMagnification="40.0"/></Instrument><Image><Pixels DimensionOrder="XYCZT" PhysicalSizeX="250" PhysicalSizeXUnit="nm" SizeC="3"/></Image></OME>`;
    const bytes = madeTiff([{ ...base, tags: [...base.tags, [270, 'ascii', xml]], subImages: below }], {
      littleEndian: false,
    });
    await withSlide('slide.ome.tif', bytes, async (slide) => {
      expect(slide).toMatchObject({ format: 'OME-TIFF', magnification: 40, micrometres: 0.25 });
      expect(slide.levels.map(({ downsample }) => downsample)).toEqual([1, 2, 4]);
      expect(difference(await whole(slide, 1), halved(picture)).largest).toBe(0);
    });
  });

  test('directories that go round in circles end', async () => {
    const bytes = madeTiff(await levels());
    bytes.writeUInt32LE(bytes.readUInt32LE(4), bytes.length - 4); // the first directory follows itself
    await withSlide('circle.tif', bytes, async (slide) => {
      await Promise.resolve();
      expect(slide.levels).toHaveLength(1);
    });
  });
});

test('a region beyond the image is white there', async () => {
  const bytes = await sharpOf(picture)
    .tiff({ compression: 'lzw', tile: true, tileWidth: TILE, tileHeight: TILE })
    .toBuffer();
  await withSlide('beyond.tif', bytes, async (slide) => {
    const { pixels } = await slide.read(0, { x: 299, y: -1, width: 2, height: 2 });
    expect([...pixels]).toEqual([
      255,
      255,
      255,
      255,
      255,
      255,
      ...picture.pixels.subarray(3 * 299, 3 * 300),
      255,
      255,
      255,
    ]);
  });
});

interface HashedRegion {
  readonly slide: string;
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly sha256: string;
}
const FACTS = {
  whole: {
    'CMU-1-Small-Region.svs': ['Aperio SVS', 20, 0.499, [[2220, 2967]]],
    'TCGA-CR-7395-01A-01-TS1.svs': [
      'Aperio SVS',
      undefined,
      undefined,
      [
        [4443, 3567],
        [2221, 1783],
      ],
    ],
    'TCGA-HT-7470-roi.pyramid.tif': [
      'TIFF',
      undefined,
      0.5,
      [
        [1024, 1024],
        [512, 512],
        [256, 256],
      ],
    ],
  },
  slices: {
    'CMU-1-Small-Region.svs': ['Aperio SVS', 20, 0.499, [[960, 567]]],
    'TCGA-CR-7395-01A-01-TS1.svs': [
      'Aperio SVS',
      undefined,
      undefined,
      [
        [859, 495],
        [429, 247],
      ],
    ],
    'drawn.pyramid.tif': [
      'TIFF',
      undefined,
      0.5,
      [
        [640, 512],
        [320, 256],
        [160, 128],
      ],
    ],
  },
};

describe.each(slideFolders)('slides ($slides)', ({ slides: which, folder: slides, openslide }) => {
  test('the same pixels as OpenSlide reads', async () => {
    const regions = JSON.parse(readFileSync(openslide, 'utf8')) as HashedRegion[];
    expect(new Set(regions.map(({ slide }) => slide))).toEqual(new Set(Object.keys(FACTS[which])));
    for (const { slide: name, level, sha256, ...region } of regions) {
      const slide = await openSlideFile(join(slides, name));
      const { pixels } = await slide.read(level, region);
      expect([name, level, region, createHash('sha256').update(pixels).digest('hex')]).toEqual([
        name,
        level,
        region,
        sha256,
      ]);
      await slide.close();
    }
  });

  test('their scales and levels', async () => {
    const facts = async (name: string) => {
      const slide = await openSlideFile(join(slides, name));
      await slide.close();
      return [
        slide.format,
        slide.magnification,
        slide.micrometres,
        slide.levels.map(({ width, height }) => [width, height]),
      ];
    };
    for (const [name, expected] of Object.entries(FACTS[which]))
      expect([name, ...(await facts(name))]).toEqual([name, ...expected]);
  });
});

const SUBSAMPLED =
  '/0//UQAvAAAAAAEAAAABAAAAAAAAAAAAAAABAAAAAQAAAAAAAAAAAAADBwEBBwIBBwIB/1IADAAAAAEABQQEAAH/XAATQEBISFBISFBISFBISFBISFD/ZAAlAAFDcmVhdGVkIGJ5IE9wZW5K' +
  'UEVHIHZlcnNpb24gMi41LjD/kAAKAAAAAAGGAAH/k8+0wBFPA7vph61cKpIvZ5MdjlvX06FW9baXEY6ZyXwZfXT+9vV8TIrIMwzwBYuBU5sjLd+AmBFpsmZMbsP2sC6NTOAgNImW0j/fgJAV' +
  'N+6sqdWMrnP0zC9gkdYMiyfA+QNA+QMANqGZrmOfPaY0WxDbwfOGACIc8fGrk6B8gQAp3gnnwHwiQHwigF+nx4mdrClAP8D5BIA2oXhynrsAMH+gPhEAhAqnC8A6LAOigItiAauf4Y1ip37A' +
  'fCKAX6fHpjygHRDIdOo/wBJAEoCtcgG/+FBAKo/AOjCLYgG/gB+gHRjwoaqo37/gDPnz58AZs2bNgBqtVqtUFABcr8t8fxQAXK/LfH8UAFyvy3x/FABcr8t8fxQAXK//fxQAXK//fxQAXK//' +
  'fxQAXK//fxP/SFf/f/9//38T/0hX/3//f/9/E/9IV/9//3//fxP/SFf/f/9//3/gDJkArXIBv61yAb+wBm1wFABcr/9/FABcr/9/gy9bdADfizP/2Q==';
