import { expect, test } from 'vitest';
import { decodePieces, decodeText } from './decode.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const windows1252 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

async function inPieces(whole: Uint8Array, length: number): Promise<string> {
  async function* pieces() {
    for (let at = 0; at < whole.length; at += length) yield await Promise.resolve(whole.subarray(at, at + length));
  }
  let text = '';
  for await (const piece of decodePieces(pieces(), 'clinical.csv')) text += piece;
  return text;
}

test('UTF-8 is read, with a byte order mark or without, whole or in pieces that end within a letter', async () => {
  const text = 'id,clinic\nP1,Süd €\nP2,東京 𝔊\n';
  for (const before of ['', '\ufeff']) {
    expect(decodeText(bytes(before + text), 'clinical.csv')).toBe(text);
    // The first piece holds the whole mark: pieces of a file are never that short.
    for (const length of [5, 7, 16]) expect(await inPieces(bytes(before + text), length)).toBe(text);
  }
});

test('A byte that is not UTF-8 is an error with its line, whichever line end there is', async () => {
  for (const end of ['\n', '\r\n', '\r']) {
    const table = windows1252(['id,clinic', 'P1,Nord', 'P2,S\u00fcd', 'P3,Caf\u00e9'].join(end));
    const expected =
      /clinical\.csv, row 3: the text is not UTF-8 \(byte 0xFC, 'ü' in Windows-1252\)\. Save it as UTF-8/;
    expect(() => decodeText(table, 'clinical.csv')).toThrow(expected);
    for (const length of [1, 4, 9, 30]) await expect(inPieces(table, length)).rejects.toThrow(expected);
  }
});

test.each([
  ['a letter that ends the file too early', [0x61, 0xe2, 0x82], '0xE2'],
  ['a letter cut by another', [0xc3, 0xa9, 0xe9, 0x65, 0x65], '0xE9'],
  ['a continuation of nothing', [0xc3, 0xa9, 0xa9, 0x0a], '0xA9'],
  ['an overlong form', [0x61, 0xc0, 0xaf], '0xC0'],
  ['half a pair', [0xed, 0xa0, 0x80], '0xED'],
  ['a number beyond Unicode', [0xf5, 0x80, 0x80, 0x80], '0xF5'],
])('What is not UTF-8: %s', async (_, damaged, byte) => {
  const expected = new RegExp(`row 1: the text is not UTF-8 \\(byte ${byte}`);
  expect(() => decodeText(Uint8Array.from(damaged), 'x')).toThrow(expected);
  await expect(inPieces(Uint8Array.from(damaged), 2)).rejects.toThrow(expected);
});

test('UTF-16 is named as such, with a byte order mark or without, in either byte order', () => {
  const text = 'name: first\nclinical: clinical.csv\n';
  for (const mark of ['\ufeff', '']) {
    const little = Buffer.from(mark + text, 'utf16le');
    const big = Buffer.from(little).swap16();
    for (const file of [little, big])
      expect(() => decodeText(file, 'cohort.yaml')).toThrow('cohort.yaml: this is text in UTF-16. Save it as UTF-8.');
  }
});

test('A file of another kind is named, and zeros in the middle of a text are not text', () => {
  expect(() => decodeText(bytes('PK\x03\x04sheet'), 'x')).toThrow(
    /an Excel or zip file, not text.*Save the sheet as CSV/,
  );
  expect(() => decodeText(bytes(`${'a'.repeat(1000)}\0`), 'x')).toThrow(/binary file, not text/);
  expect(() => decodeText(bytes('version https://git-lfs.github.com/spec/v1\n'), 'x')).toThrow(
    /Git LFS pointer.*git lfs pull/,
  );
  expect(() => decodeText(bytes('\n<!DOCTYPE html>\n<html>Log in</html>'), 'x')).toThrow(/a web page \(HTML\)/);
  expect(() => decodeText(bytes('<?xml version="1.0"?>'), 'x')).toThrow(/this is XML/);
  expect(decodeText(new Uint8Array(), 'x')).toBe('');
});
