/**
 * Runs all tests and ends with one plain line. Some tests need programs of Debian's: Chromium with its software WebGPU, Slurm, and OpenSlide. They
 * are installed here where they are missing and this machine allows it, and so is Python's ONNX Runtime, in the folder .venv; otherwise those
 * tests are skipped, and the end says so by name.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** By what its files tell whether it is there, the packages that hold it, and who needs it. */
const PROGRAMS = [
  {
    name: 'Chromium',
    files: ['/usr/bin/chromium', '/usr/lib/x86_64-linux-gnu/libvulkan.so.1'],
    packages: ['chromium', 'libvulkan1'],
    tests: 'the browser and WebGPU tests',
  },
  {
    name: 'Slurm',
    files: ['/usr/sbin/munged', '/usr/sbin/slurmctld', '/usr/sbin/slurmd'],
    packages: ['slurm-wlm', 'munge'],
    tests: 'the test of a sweep on a Slurm cluster',
  },
  {
    name: 'OpenSlide',
    files: ['/usr/lib/x86_64-linux-gnu/libopenslide.so.0'],
    packages: ['libopenslide0'],
    tests: 'the tests of slides read by OpenSlide',
  },
];

const isThere = ({ files }) => files.every((file) => existsSync(file));

function install(programs) {
  const mayInstall = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (programs.length > 0 && mayInstall) {
    const packages = programs.flatMap((program) => program.packages);
    console.error(`Installing ${packages.join(', ')} for ${programs.map(({ tests }) => tests).join(' and ')}`);
    const run = (...args) =>
      spawnSync('apt-get', args, {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    run('update');
    // One by one: what cannot be had must not keep the others away.
    for (const program of programs) run('install', '-y', '--no-install-recommends', ...program.packages);
  }
  for (const { name, tests } of programs.filter((program) => !isThere(program))) {
    console.error(`${name} is missing and cannot be installed here: ${tests} will be skipped.`);
  }
}

/** A Python with ONNX Runtime, which opens exported models: the one of SUBSPACE_PYTHON, or one made here; undefined where there can be none. */
function python() {
  if (process.env.SUBSPACE_PYTHON) return process.env.SUBSPACE_PYTHON;
  const own = '.venv/bin/python';
  const has = () => existsSync(own) && spawnSync(own, ['-c', 'import onnxruntime'], { stdio: 'ignore' }).status === 0;
  if (has()) return own;
  console.error("Installing Python's onnxruntime for the test of exported models");
  spawnSync('python3', ['-m', 'venv', '.venv'], { stdio: 'ignore' });
  spawnSync(own, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'onnxruntime==1.30.0'], {
    stdio: 'ignore',
    timeout: 300_000,
  });
  if (has()) return own;
  console.error(
    "Python's onnxruntime is missing and cannot be installed here: the tests of exported models in Python will be skipped.",
  );
  return undefined;
}

install(PROGRAMS.filter((program) => !isThere(program)));
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
