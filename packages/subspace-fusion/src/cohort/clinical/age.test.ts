import { expect, test } from 'vitest';
import { readAge } from './age.js';

test.each([
  ['54', 54],
  ['54.5', 54.5],
  ['0', 0],
  ['19723', 54],
])('%s is a plain age of %f years', (text, years) => {
  expect(readAge(text)?.years).toBeCloseTo(years, 2);
  expect(readAge(text)?.isPlain).toBe(true);
});

test.each([
  ['>89', 90],
  ['> 89', 90],
  ['≥90', 90],
  ['>=90', 90],
  ['90+', 90],
  ['90 +', 90],
  ['90 or older', 90],
  ['90 and over', 90],
  ['over 89', 90],
  ['>89 years', 90],
  ['54 years', 54],
  ['54 yrs', 54],
  ['54y', 54],
  ['54 y.o.', 54],
  ['54 years old', 54],
  ['1 year', 1],
  ['45,5', 45.5],
  ['45,25', 45.25],
  ['18 months', 1.5],
  ['19723 days', 54],
])('%s is read as %f years', (text, years) => {
  expect(readAge(text)?.years).toBeCloseTo(years, 2);
  expect(readAge(text)?.isPlain).toBe(false);
});

test.each(['', 'old', '50-59', '<18', '-3', '19,723', '0x20', '1e400', '54 kg', '5 4', '200 years', '>200'])(
  '%s is no age',
  (text) => {
    expect(readAge(text)).toBeUndefined();
  },
);
