import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

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
  plugins: [contentSecurityPolicy()],
  worker: {
    format: 'es',
    rolldownOptions: {
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
    outDir: here('dist'),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
