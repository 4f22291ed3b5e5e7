/**
 * Compiles assembly/ to WebAssembly and writes src/model/kernels/kernels-wasm.ts, which holds the two modules as base64 text: one for
 * memory shared between threads, one for a single thread. As text in a module they are found alike from source, from dist and in a bundle.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../assembly/', import.meta.url));
const target = fileURLToPath(new URL('../src/model/kernels/kernels-wasm.ts', import.meta.url));
const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');

/** Pages of 64 KiB that a shared memory may grow to: 1 GiB. kernel.ts states the same number. */
const maximumPages = 16384;
const common = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--use',
  'abort=',
  '--enable',
  'simd,threads',
  '--importMemory',
];
const shared = [...common, '--sharedMemory', '--maximumMemory', String(maximumPages)];

/** A digest of everything the result depends on, so that an unchanged result need not be made again. */
function digest() {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  return hash.digest('hex');
}

function compile(flags) {
  const scratch = mkdtempSync(join(tmpdir(), 'kernels-'));
  try {
    const out = join(scratch, 'kernel.wasm');
    execFileSync(process.execPath, [asc, 'index.ts', '--outFile', out, ...flags], { cwd: folder, stdio: 'inherit' });
    return readFileSync(out).toString('base64');
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function current() {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return '';
  }
}

const stamp = `// Made by scripts/build-kernels.mjs from assembly/ (${digest()}). Do not edit.\n`;
if (!current().startsWith(stamp)) {
  const text = (name, flags) => `export const ${name} =\n  '${compile(flags)}';\n`;
  writeFileSync(target, `${stamp}\n${text('sharedKernel', shared)}\n${text('singleKernel', common)}`);
}
