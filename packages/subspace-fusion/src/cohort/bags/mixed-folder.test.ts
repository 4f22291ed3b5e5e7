import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Problem } from '../../files/errors.js';
import { readHeaders } from '../cohort-files.js';
import { newFolder } from '../made-files.test.helper.js';
import { findSlides } from './slides.js';

const FOLDER = join(import.meta.dirname, '../testdata/bags');

/** A folder with copies of these files under other names. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = newFolder();
  for (const [name, source] of Object.entries(files)) copyFileSync(join(FOLDER, source), join(folder, name));
  return folder;
}

describe('a folder of features', () => {
  const patients = ['P1', 'P2', 'P3', 'P4'];

  it('may hold files of all formats', async () => {
    const folder = folderOf({
      'P1.h5': 'trident.h5',
      'P2.pt': 'dict.pt',
      'P3.npy': 'f32.npy',
      'P4.SAFETENSORS': 'dict.safetensors',
      'P2.json': 'f32.npy',
    });
    const problems: Problem[] = [];
    const { byPatient, others } = await findSlides({ folder }, patients, problems);
    expect([...byPatient.keys()]).toEqual(patients);
    expect(others).toEqual([]);
    const headers = await readHeaders([...byPatient.values()].flat(), { folder }, problems);
    expect([...headers.values()].map(({ patches, encoder }) => [patches, encoder])).toEqual([
      [5, 'uni_v1'],
      [5, 'uni_v1'],
      [5, undefined],
      [5, 'uni_v1'],
    ]);
    expect(problems.map(({ message }) => message)).toEqual([
      '1 of 4 files, this one first, do not say their encoder; the others do',
    ]);
  });

  it('may hold a file under the extension of another format', async () => {
    const folder = folderOf({
      'P1.pt': 'trident.h5',
      'P2.h5': 'dict.pt',
      'P3.h5': 'dict.safetensors',
      'P4.pt': 'f32.npy',
    });
    const { byPatient } = await findSlides({ folder, encoder: 'uni_v1' }, patients, []);
    const problems: Problem[] = [];
    expect((await readHeaders([...byPatient.values()].flat(), { folder, encoder: 'uni_v1' }, problems)).size).toBe(4);
    expect(problems).toEqual([]);
  });

  it('names a slide that stands there twice', async () => {
    const problems: Problem[] = [];
    await findSlides({ folder: folderOf({ 'P1.h5': 'trident.h5', 'P1.pt': 'dict.pt' }) }, patients, problems);
    expect(problems.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      "error: the slide 'P1' stands there twice, as P1.h5 and as P1.pt",
    ]);
  });

  it('points to where CLAM and TRIDENT put theirs', async () => {
    for (const name of ['h5_files', 'pt_files', 'features_uni_v1']) {
      const folder = newFolder();
      mkdirSync(join(folder, name));
      await expect(findSlides({ folder }, patients, [])).rejects.toThrow(
        `no .h5 file, nor .pt, .npy or .safetensors. Set features.folder to ${join(folder, name)}`,
      );
    }
  });
});
