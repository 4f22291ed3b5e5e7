/**
 * Writes a small image encoder with random weights, and its YAML, to try `subspace extract` without any weights:
 *
 *     node packages/subspace-fusion/scripts/small-encoder.mjs encoder.onnx
 */
import { writeFileSync } from 'node:fs';
import { SMALL_ENCODER_YAML, smallEncoder } from '../dist/testing/small-encoder.js';

const [file] = process.argv.slice(2);
if (!file?.endsWith('.onnx')) {
  console.error('Name the file to write, ending in .onnx');
  process.exit(2);
}
writeFileSync(file, smallEncoder({ width: 1024 }));
writeFileSync(file.replace(/\.onnx$/, '.yaml'), SMALL_ENCODER_YAML);
console.log(`${file} and its YAML are written: 64 × 64 pixels to 1024 features`);
