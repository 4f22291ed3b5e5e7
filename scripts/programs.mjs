/**
 * What some tests need besides the packages of npm: programs of Debian's, which are Chromium with its software WebGPU, Slurm, and OpenSlide, and
 * Python's ONNX Runtime in the folder .venv. They are installed where they are missing and this machine allows it. Started by itself, the file does
 * no more than that.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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

export function installPrograms() {
  const programs = PROGRAMS.filter((program) => !isThere(program));
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
export function python() {
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  installPrograms();
  python();
}
