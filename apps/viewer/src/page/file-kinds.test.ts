import { expect, test } from 'vitest';
import { sortFiles } from './files.js';

test('files are told apart by their names', () => {
  const names = [
    'model.json',
    'checkpoint.safetensors',
    'state.safetensors',
    'metrics.jsonl',
    'P1.h5',
    'P1.safetensors',
    'P1.PT',
    'expression.csv.gz',
    'matrix.TSV',
    'a.h5ad',
    'P1.svs',
    'P1.ome.tif',
    'letter.docx',
  ];
  const { run, bags, expression, slides, unknown } = sortFiles(names.map((name) => new File([], name)));
  const namesOf = (files: readonly File[]) => files.map(({ name }) => name);
  expect(Object.keys(run)).toEqual(['model.json', 'checkpoint.safetensors']);
  expect(namesOf(bags)).toEqual(['P1.h5', 'P1.safetensors', 'P1.PT']);
  expect(namesOf(expression)).toEqual(['expression.csv.gz', 'matrix.TSV', 'a.h5ad']);
  expect(namesOf(slides)).toEqual(['P1.svs', 'P1.ome.tif']);
  expect(namesOf(unknown)).toEqual(['letter.docx']);
});
