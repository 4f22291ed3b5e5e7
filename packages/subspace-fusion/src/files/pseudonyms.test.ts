import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InputError } from './errors.js';
import { openPseudonyms } from './pseudonyms.js';

const folder = mkdtempSync(join(tmpdir(), 'pseudonyms-'));
const readKey = (path: string) =>
  JSON.parse(readFileSync(path, 'utf8')) as { secret: string; patients: Record<string, string> };

test('codes are of the HMAC with the secret of the key file, which only its owner may read', async () => {
  const path = join(folder, 'key.json');
  const { codeOf } = await openPseudonyms(path, ['TCGA-02-0001', 'TCGA-02-0002']);
  const { secret, patients } = readKey(path);
  expect(codeOf('TCGA-02-0001')).toBe(
    `P-${createHmac('sha256', secret).update('TCGA-02-0001').digest('hex').slice(0, 6).toUpperCase()}`,
  );
  expect(Object.values(patients)).toEqual(['TCGA-02-0001', 'TCGA-02-0002']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('codes stay the same, new patients are added; another key gives others', async () => {
  const path = join(folder, 'stable.json');
  const first = (await openPseudonyms(path, ['A-1'])).codeOf('A-1');
  const again = await openPseudonyms(path, ['B-2', 'A-1']);
  expect(again.codeOf('A-1')).toBe(first);
  expect(Object.keys(readKey(path).patients)).toEqual([first, again.codeOf('B-2')]);
  expect((await openPseudonyms(join(folder, 'other.json'), ['A-1'])).codeOf('A-1')).not.toBe(first);
});

test('two patients whose codes would be the same get longer ones', async () => {
  const path = join(folder, 'collision.json');
  const secret = '0'.repeat(64);
  const six = createHmac('sha256', secret).update('late').digest('hex').slice(0, 6).toUpperCase();
  writeFileSync(path, JSON.stringify({ secret, patients: { [`P-${six}`]: 'early' } }));
  const { codeOf } = await openPseudonyms(path, ['early', 'late']);
  expect(codeOf('early')).toBe(`P-${six}`);
  expect(codeOf('late')).toMatch(new RegExp(`^P-${six}.$`));
});

test('ids in texts are replaced, in other forms too, and only whole ones', async () => {
  const { codeOf, inText } = await openPseudonyms(join(folder, 'text.json'), [
    'TCGA-02-0001',
    'TCGA-02-00011',
    'p.7',
    '12',
    '70431',
  ]);
  const code = codeOf('TCGA-02-0001');
  expect(inText('TCGA-02-0001-01Z-00-DX1.h5 and tcga.02.0001, TCGA_02_0001')).toBe(
    `${code}-01Z-00-DX1.h5 and ${code}, ${code}`,
  );
  expect(inText('TCGA-02-00011')).toBe(codeOf('TCGA-02-00011'));
  expect(inText('p-7 is not p-70 nor p17')).toBe(`${codeOf('p.7')} is not p-70 nor p17`);
  expect(inText('12 patients, number 70431')).toBe(`12 patients, number ${codeOf('70431')}`);
  expect(codeOf('12')).toMatch(/^P-/);
});

test('a file that is no key is refused and left alone', async () => {
  const path = join(folder, 'cohort.yaml');
  writeFileSync(path, 'name: glioma\n');
  await expect(openPseudonyms(path, ['A-1'])).rejects.toThrow(InputError);
  expect(readFileSync(path, 'utf8')).toBe('name: glioma\n');
});
