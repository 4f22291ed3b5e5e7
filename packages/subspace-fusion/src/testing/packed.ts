import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** The packages in this repository that are published. */
export const PACKAGES = ['onnx-autodiff', 'subspace-fusion'] as const;

/** The environment of a fresh shell: what this checkout and its npm set about install scripts is not in it. */
const environment = { ...process.env, npm_config_ignore_scripts: undefined, ONNXRUNTIME_NODE_INSTALL: undefined };

/** Runs a program in a folder as from a fresh shell; what it prints. Throws, with its messages, if it fails. */
export function runIn(folder: string, program: string, ...args: string[]): string {
  return execFileSync(program, args, {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/**
 * Makes an empty folder a project (of ES modules) that depends on both packages. They are packed as for `npm publish`, from
 * the build in dist/, and installed by the command in the README, with the tarballs in place of the name.
 * Takes ten to twenty seconds, and the npm registry or npm's cache.
 */
export function installPacked(folder: string): void {
  const readme = readFileSync(join(root, 'packages/subspace-fusion/README.md'), 'utf8');
  const flags = /^npm install (.*)subspace-fusion$/m.exec(readme)?.[1]?.split(' ').filter(Boolean);
  if (!flags) throw new Error('The README of subspace-fusion has no line "npm install … subspace-fusion".');
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const pack = (name: string) => runIn(folder, 'npm', 'pack', join(root, 'packages', name), '--silent').trim();
  const tarballs = PACKAGES.map((name) => `./${pack(name)}`);
  const quick = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  runIn(folder, 'npm', 'install', ...flags, ...quick, ...tarballs);
}
