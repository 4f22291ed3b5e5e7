import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (name: string) => fileURLToPath(new URL(`packages/${name}/src/`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      '#codec': source('subspace-fusion') + 'files/codec/node.ts',
      '#hdf5': source('subspace-fusion') + 'files/hdf5/node.ts',
      '#onnxruntime': source('onnx-autodiff') + 'runtime/node.ts',
      'onnx-autodiff': source('onnx-autodiff') + 'index.ts',
    },
  },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'studies/**/*.test.ts'],
    // Native sessions and worker threads want processes of their own.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
