/** Runs all tests of the build in dist/ and ends with one plain line. Tests whose programs cannot be had are skipped, and the end says so by name. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPrograms, python } from './programs.mjs';

installPrograms();
const interpreter = python();
const folder = mkdtempSync(join(tmpdir(), 'subspace-tests-'));
const report = join(folder, 'report.json');
const vitest = [
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
];
const { status } = spawnSync('npx', vitest, {
  stdio: 'inherit',
  env: { ...process.env, ...(interpreter ? { SUBSPACE_PYTHON: interpreter } : {}) },
});

let failed = 1;
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  // A file that could not even be loaded has no tests to fail.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length;
  failed = numFailedTests + broken;
  const skipped = numPendingTests + numTodoTests;
  for (const { assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults)
      if (status === 'pending' || status === 'skipped') console.log(`skipped: ${fullName}`);
  }
  console.log(`${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
} catch (error) {
  console.log(`The test runner left no report (${error.message})`);
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = status === 0 && failed === 0 ? 0 : 1;
