/**
 * Runs all tests and ends with one plain line. Browser tests need Debian's Chromium (with its software WebGPU): it is
 * installed here where there is none and this machine allows it; otherwise those tests are skipped, and the line says so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CHROMIUM = '/usr/bin/chromium';
const PACKAGES = ['chromium', 'libvulkan1'];

function installChromium() {
  if (existsSync(CHROMIUM) && existsSync('/usr/lib/x86_64-linux-gnu/libvulkan.so.1')) return;
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error('Chromium is missing and cannot be installed here: the browser and WebGPU tests will be skipped.');
    return;
  }
  console.error(`Installing ${PACKAGES.join(' and ')} for the browser and WebGPU tests`);
  const run = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  run('update');
  run('install', '-y', '--no-install-recommends', ...PACKAGES);
}

installChromium();
const folder = mkdtempSync(join(tmpdir(), 'subspace-tests-'));
const report = join(folder, 'report.json');
const vitest = ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)];
const { status } = spawnSync('npx', vitest, { stdio: 'inherit' });

let failed = 1;
try {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  // A file that could not even be loaded has no tests to fail.
  const broken = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0).length;
  failed = numFailedTests + broken;
  const skipped = numPendingTests + numTodoTests;
  for (const { assertionResults } of testResults) {
    for (const { status, fullName } of assertionResults) if (status === 'pending' || status === 'skipped') console.log(`skipped: ${fullName}`);
  }
  console.log(`${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
} catch (error) {
  console.log(`The test runner left no report (${error.message})`);
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = status === 0 && failed === 0 ? 0 : 1;
