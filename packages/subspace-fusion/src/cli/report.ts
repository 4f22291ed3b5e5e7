import type { Command } from 'commander';
import { writeReport } from '../report/report.js';
import { print } from './output.js';
import { count, outPath, progressBar, PSEUDONYMS } from './terminal.js';

interface Flags {
  readonly out?: string;
  readonly explain?: number;
  readonly pseudonyms?: string;
}

/** `subspace report RUN|CROSSVAL`: one HTML page, and a model card beside it. */
export function defineReport(command: Command): void {
  command
    .argument('<folder>', 'folder of a run or of a cross-validation')
    .option('--out <file>', 'page to write (default: report.html in the folder); model-card.md goes beside it', outPath)
    .option(
      '--explain <n>',
      'first explain the n test patients of whom the model is most certain, and the n of whom it is least',
      count(100_000),
    )
    .option(...PSEUDONYMS)
    .action(async (folder: string, { out, explain, pseudonyms }: Flags) => {
      const bar = progressBar('explaining');
      const onExplained = (done: number, of: number) => {
        bar.update(done, of);
      };
      const paths = await writeReport(folder, { out, explain, pseudonyms, onExplained }).finally(() => {
        bar.clear();
      });
      print(`written: ${paths.join(', ')}`);
      if (pseudonyms !== undefined) print(`${pseudonyms} says who is who: keep it apart from the report.`);
      print('Research software. Not a medical device.');
    });
}
