import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Modules that the readers of subspace-fusion import in Node, and what stands in for them here. */
const STAND_INS: Readonly<Record<string, string>> = {
  'node:fs': here('src/platform/fs.ts'),
  'node:fs/promises': here('src/platform/fs.ts'),
  'node:module': here('src/platform/module.ts'),
  'node:path': here('src/platform/path.ts'),
  'node:stream': 'readable-stream',
  'node:util': here('src/platform/util.ts'),
  'node:zlib': here('src/platform/zlib.ts'),
  'h5wasm/node': here('src/platform/h5wasm.ts'),
  sharp: here('src/platform/sharp.ts'),
  stream: 'readable-stream',
};

/** Puts the stand-ins in place. Other modules of Node are empty here: what uses them is left out of the page. */
function standIns(): Plugin {
  return {
    name: 'stand-ins',
    enforce: 'pre',
    resolveId(id, importer, options) {
      if (id in STAND_INS) return this.resolve(STAND_INS[id], importer, { ...options, skipSelf: true });
      return id.startsWith('node:') ? `\0absent:${id}` : undefined;
    },
    load: (id) => (id.startsWith('\0absent:') ? 'export {};' : undefined),
  };
}

/** Of the package, only what the page uses; the exports of the empty modules are undefined. */
const USED_ALONE = {
  shimMissingExports: true,
  treeshake: { moduleSideEffects: (id: string) => !/[/\\](subspace-fusion[/\\]dist|zod|yaml)[/\\]/.test(id) },
};

/** The one style sheet that OpenSeadragon puts into the page itself. */
const OPENSEADRAGON_STYLE = "'sha256-9xTiqzfwFaL2SGb1rmr8gysEwVVjIvqWAgmZgqFqpEE='";

/** Nothing but files beside the page, and WebAssembly. `subspace view` reads it from the page and sends it as a header, too. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  `style-src 'self' ${OPENSEADRAGON_STYLE}`,
  "img-src 'self' blob: data:",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

function contentSecurityPolicy(): Plugin {
  return {
    name: 'content-security-policy',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_SECURITY_POLICY },
        injectTo: 'head-prepend',
      },
    ],
  };
}

export default defineConfig({
  root: here('.'),
  base: './', // any folder of any host
  logLevel: 'error',
  plugins: [standIns(), contentSecurityPolicy()],
  worker: {
    format: 'es',
    plugins: () => [standIns()],
    rolldownOptions: {
      ...USED_ALONE,
      // The libraries that come with WebAssembly stand in files of their own.
      output: {
        codeSplitting: {
          groups: [
            { name: 'runtime-onnx', test: /onnxruntime/ },
            { name: 'runtime-hdf5', test: /h5wasm/ },
          ],
        },
      },
    },
  },
  build: {
    rolldownOptions: USED_ALONE,
    outDir: here('dist'),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
