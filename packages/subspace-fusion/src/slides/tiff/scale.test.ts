import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../files/source.js';
import { madePicture, madeTiff, rgbTags, tileOf, type Tag } from '../made-slides.test.helper.js';
import { openSlide } from '../open-slide.js';

const TILE = 64;

describe('scales', () => {
  const scaleOf = async (...tags: Tag[]) => {
    const small = madePicture(TILE, TILE);
    const image = { tags: [...rgbTags(small, TILE, 1), ...tags], tiles: [tileOf(small, 0, 0, TILE)] };
    const { format, magnification, micrometres } = await openSlide(bytesSource(madeTiff([image]), 'scale.tif'));
    return [format, magnification, micrometres];
  };

  const unreadOf = async (tag: Tag) => {
    const small = madePicture(TILE, TILE);
    const image = { tags: [...rgbTags(small, TILE, 1), tag], tiles: [tileOf(small, 0, 0, TILE)] };
    return (await openSlide(bytesSource(madeTiff([image]), 'scale.tif'))).unreadScale;
  };

  test('Aperio', async () => {
    expect(
      await scaleOf([270, 'ascii', 'Aperio Image Library v11\r\n64x64 (64x64)|AppMag = 40|MPP = 0.2525|Left = 3']),
    ).toEqual(['Aperio SVS', 40, 0.2525]);
    expect(await scaleOf([270, 'ascii', 'Aperio Image Library v11\r\n64x64|Filename = MPP'])).toEqual([
      'Aperio SVS',
      undefined,
      undefined,
    ]);
  });

  test('Aperio with decimal commas, and what is no number', async () => {
    const description = (text: string): Tag => [270, 'ascii', `Aperio Image Library v12\r\n64x64 (64x64)|${text}`];
    expect(await scaleOf(description('MPP = 0,500000'))).toEqual(['Aperio SVS', undefined, 0.5]);
    expect(await scaleOf(description('AppMag = 40,0|MPP = 0,2525|Left = 3,5'))).toEqual(['Aperio SVS', 40, 0.2525]);
    expect(await scaleOf(description('AppMag = 20x|MPP = 4.99e-1'))).toEqual(['Aperio SVS', 20, 0.499]);
    expect(await unreadOf(description('AppMag = 20|MPP = 0.500.000'))).toBe("MPP is '0.500.000', which is no number");
    expect(await unreadOf(description('AppMag = 20|MPP = 0.5'))).toBe(undefined);
    expect(await unreadOf(description('AppMag =|MPP = 0.5'))).toBe(undefined);
  });

  test.each([
    ['0.5', '&#181;m', 0.5],
    ['0.5', '&#xB5;m', 0.5],
    ['0.5', '&#956;m', 0.5],
    ['0.5', '&micro;m', 0.5],
    ['0.5', 'µm', 0.5],
    ['0.5', 'μm', 0.5],
    ['0.5', 'Âµm', 0.5],
    ['0,25', 'µm', 0.25],
    ['500', 'nm', 0.5],
    ['0.0005', 'mm', 0.5],
    ['0.00005', 'cm', 0.5],
    ['5e-7', 'm', 0.5],
    ['5000', 'Å', 0.5],
    ['0.00002', 'in', 0.508],
    ['0.02', 'thou', 0.508],
    ['0.5', 'pixel', undefined],
    ['1', 'reference frame', undefined],
  ])('OME-XML: %s %s', async (size, unit, micrometres) => {
    const xml = (quote: string) =>
      `<OME><Pixels PhysicalSizeX=${quote}${size}${quote} PhysicalSizeXUnit=${quote}${unit}${quote}/></OME>`;
    for (const quote of ['"', "'"]) {
      const [, , found] = await scaleOf([270, 'ascii', xml(quote)]);
      if (micrometres === undefined) expect(found).toBe(undefined);
      else expect(found).toBeCloseTo(micrometres, 9);
      expect(await unreadOf([270, 'ascii', xml(quote)])).toBe(undefined);
    }
  });

  test('OME-XML in Latin-1, and units that are not known', async () => {
    const xml = Buffer.from('<OME><Pixels PhysicalSizeX="0.5" PhysicalSizeXUnit="µm"/></OME>\0', 'latin1');
    expect(await scaleOf([270, 'byte', xml])).toEqual(['OME-TIFF', undefined, 0.5]);
    expect(await unreadOf([270, 'ascii', '<OME><Pixels PhysicalSizeX="0.5" PhysicalSizeXUnit="furlong"/></OME>'])).toBe(
      "the unit 'furlong' of PhysicalSizeX is not known",
    );
    expect(await unreadOf([270, 'ascii', '<OME><Pixels PhysicalSizeX="half"/></OME>'])).toBe(
      "PhysicalSizeX is 'half', which is no number",
    );
  });

  test('resolution tags, where they can be those of a microscope', async () => {
    expect(await scaleOf([282, 'rational', [20000, 1]], [296, 'short', [3]])).toEqual(['TIFF', undefined, 0.5]);
    expect(await scaleOf([282, 'rational', [101600, 1]], [296, 'short', [2]])).toEqual(['TIFF', undefined, 0.25]);
    expect(await scaleOf([282, 'rational', [72, 1]], [296, 'short', [2]])).toEqual(['TIFF', undefined, undefined]);
    expect(await scaleOf([282, 'rational', [1, 0]], [296, 'short', [3]])).toEqual(['TIFF', undefined, undefined]);
  });

  test('OME-XML without units means micrometres; its scale comes before the tags', async () => {
    const xml = '<OME><Image><Pixels PhysicalSizeX="0.23"/></Image></OME>';
    expect(await scaleOf([270, 'ascii', xml], [282, 'rational', [20000, 1]], [296, 'short', [3]])).toEqual([
      'OME-TIFF',
      undefined,
      0.23,
    ]);
  });
});
