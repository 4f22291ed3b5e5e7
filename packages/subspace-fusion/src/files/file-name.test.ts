import { expect, test } from 'vitest';
import { fileNameOf } from './file-name.js';

test('a plain name is the name of its file', () => {
  for (const name of ['PT-0001', 'TCGA-06-0174-01Z-00-DX1', 'CGGA_1001', '12', 'A.B'])
    expect(fileNameOf(name)).toBe(name);
});

test('a name that cannot be taken as it is gets a part of its hash', () => {
  expect(fileNameOf('PT/1')).toMatch(/^PT_1-[0-9a-f]{8}$/);
  expect(fileNameOf('../../etc/passwd')).toMatch(/^__.._etc_passwd-[0-9a-f]{8}$/);
  expect(fileNameOf('.HIDDEN')).toMatch(/^_HIDDEN-[0-9a-f]{8}$/);
  expect(fileNameOf('A.')).toMatch(/^A_-[0-9a-f]{8}$/);
  expect(fileNameOf('')).toMatch(/^-[0-9a-f]{8}$/);
  expect(fileNameOf('Müller')).toMatch(/^M_ller-[0-9a-f]{8}$/);
  expect(fileNameOf('A\u0000B\nC')).toMatch(/^A_B_C-[0-9a-f]{8}$/);
});

test('names of devices, and those that the program uses itself, are no names of files', () => {
  for (const name of ['CON', 'NUL', 'COM1', 'AUX.X', 'LPT9']) expect(fileNameOf(name)).toMatch(/-[0-9a-f]{8}$/);
  for (const name of ['background', 'BACKGROUND', '__proto__'])
    expect(fileNameOf(name, ['background'])).toMatch(/-[0-9a-f]{8}$/);
});

test('no two names have one file, on a file system that does not tell capitals from small letters either', () => {
  const long = 'L'.repeat(300);
  const names = [
    'PT-1',
    'pt-1',
    'Pt-1',
    'PT/1',
    'PT_1',
    'PT\\1',
    'PT 1',
    '.',
    '..',
    '_',
    long,
    `${long}L`,
    long.toLowerCase(),
  ];
  names.push(fileNameOf('PT/1'), fileNameOf('PT/1').toUpperCase(), fileNameOf(long));
  const files = names.map((name) => fileNameOf(name).toLowerCase());
  expect(new Set(files).size).toBe(names.length);
  for (const file of files) expect(file.length).toBeLessThanOrEqual(109);
});
