/**
 * Sizes of what a browser loads of subspace-fusion: a page of one line that imports everything of `subspace-fusion/browser`, built by Vite
 * with its defaults. Build the packages first; run with `node bench/bundle.mjs`. WebAssembly files are left out.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

// Within the repository, so that the packages are found.
const root = mkdtempSync(fileURLToPath(new URL('../packages/subspace-fusion/dist/bundle-', import.meta.url)));
try {
  writeFileSync(join(root, 'index.html'), '<!doctype html><script type="module" src="main.js"></script>');
  writeFileSync(
    join(root, 'main.js'),
    "import * as library from 'subspace-fusion/browser';\nglobalThis.library = library;\n",
  );
  let modules = 0;
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    plugins: [{ name: 'count', moduleParsed: () => void modules++ }],
    build: {
      target: 'es2023',
      rolldownOptions: {
        output: {
          codeSplitting: {
            groups: [
              { name: 'onnxruntime', test: /onnxruntime/ },
              { name: 'hdf5', test: /h5wasm/ },
            ],
          },
        },
      },
    },
  });
  const assets = join(root, 'dist/assets');
  const files = readdirSync(assets).filter((name) => name.endsWith('.js'));
  const rows = files.map((name) => {
    const code = readFileSync(join(assets, name));
    return { name: name.replace(/-[\w-]{8}\.js$/, ''), bytes: code.length, gzip: gzipSync(code).length };
  });
  const sum = (chosen) => ({
    bytes: chosen.reduce((total, { bytes }) => total + bytes, 0),
    gzip: chosen.reduce((total, { gzip }) => total + gzip, 0),
  });
  rows.sort((a, b) => b.bytes - a.bytes);
  rows.push({ name: 'all', ...sum(rows) });
  rows.push({
    name: 'without the two runtimes',
    ...sum(rows.filter(({ name }) => !/^(onnxruntime|hdf5|all)$/.test(name))),
  });
  for (const { name, bytes, gzip } of rows)
    console.log(`${name.padEnd(28)} ${String(bytes).padStart(9)} bytes ${String(gzip).padStart(9)} compressed`);
  console.log(`${modules} modules`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
