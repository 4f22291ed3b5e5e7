import type { Command } from 'commander';
import { exportRun, type Exported } from '../portable/export.js';
import { print } from './output.js';
import { outPath } from './terminal.js';

/** `subspace export RUN --onnx FILE`: a run's model as a file that any ONNX Runtime opens. */
export function defineExport(command: Command): void {
  command
    .argument('<run>', 'run folder')
    .requiredOption('--onnx <file>', 'file to write', outPath)
    .option('--json', 'print what was written as JSON')
    .action(async (run: string, options: { onnx: string; json?: boolean }) => {
      const exported = await exportRun(run, options.onnx);
      print(options.json ? JSON.stringify(exported, null, 2) : describe(exported));
    });
}

function describe({ file, bytes, task, difference }: Exported): string {
  return [
    `${file}: ${task}, ${(bytes / 1e6).toFixed(1)} MB; on a made-up patient it differs from the run by ${difference.toPrecision(1)}`,
    'What it takes and gives, gene order, classes or times, and preprocessing are in the file; docs/portable.md describes them.',
    'Research software. Not a medical device.',
  ].join('\n');
}
