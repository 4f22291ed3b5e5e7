import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const source = (name: string) => fileURLToPath(new URL(`packages/${name}/src/`, import.meta.url));

/** Files of half a minute and more, the longest first: one that starts at the end would be waited for alone. */
const LONG = [
  'apps/viewer/src/viewer',
  'verification/verify',
  'planning/slurm',
  'cli/killed',
  'training/train',
  'planning/sweep',
  'planning/extraction',
  'cli/crossval',
  'patient/predict',
  'apps/viewer/src/quality',
  'cli/train',
  'src/package',
  'cli/report',
  'damaged',
  'apps/viewer/src/slide',
].map((name) => `${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONG.findIndex((name) => moduleId.endsWith(`/${name}`));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

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
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
