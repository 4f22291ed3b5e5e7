import { expect, test } from 'vitest';
import { countOperations } from './profile.js';

test("at the paper's size a branch is 8.3 G operations forward, as docs/method.md counts it", () => {
  const forward = countOperations(2500, 1024).asWritten / 6 / 1e9; // two branches, forward and twice that backward
  expect(forward).toBeGreaterThan(8);
  expect(forward).toBeLessThan(8.6);
});

test('what is computed here is a small part of it', () => {
  const { asWritten, asComputed } = countOperations(2500, 1024);
  expect(asComputed).toBeLessThan(asWritten / 5);
});
