import { allTables } from './build.js';
import { runsOf, type ComparedTask } from './compared-task.js';
import { modelName } from './names.js';
import { escapeLatex, formatLatex, formatMarkdown } from './table.js';

const WARNING = 'Research software. Not a medical device.';
const VERDICTS =
  'A verdict is on the first model against the one of the row: it helps, harms, is equivalent (the whole interval within the margin), or that is undetermined.';

/** All tables of a comparison as Markdown, with links to the run folders of each model. */
export function markdownDocument(title: string, tasks: readonly ComparedTask[]): string {
  const sections = tasks.flatMap((task) => [
    `## ${task.task}`,
    ...allTables(task).map((table) => (typeof table === 'string' ? `*${table}.*` : formatMarkdown(table))),
    'Run folders that the numbers of each model come from; simple models are fitted and scored on the patients of the splits of the first model:',
    runLinks(task),
  ]);
  return `${[`# ${title}`, WARNING, VERDICTS, ...sections].join('\n\n')}\n`;
}

function runLinks(task: ComparedTask): string {
  const trained = task.scopes.filter(({ kind }) => kind === 'all' || kind === 'shuffled outcomes');
  return trained
    .flatMap((scope) =>
      [...new Set(scope.runs.map(({ model }) => model))].map((model) => {
        const control = scope.kind === 'shuffled outcomes' ? ', outcomes shuffled' : '';
        const links = runsOf(scope, model, task.reference).map(({ folder }) => `[${folder}](<${folder}>)`);
        return `- ${modelName(model)}${control}: ${links.join(', ')}`;
      }),
    )
    .join('\n');
}

/** All tables of a comparison as LaTeX, to be taken in with \\input after \\usepackage{booktabs}. */
export function latexDocument(title: string, tasks: readonly ComparedTask[]): string {
  const tables = tasks.flatMap((task) =>
    allTables(task).map((table) => (typeof table === 'string' ? `${escapeLatex(table)}.` : formatLatex(table))),
  );
  return `${[`% ${title.replaceAll(/\s+/g, ' ')}. Needs \\usepackage{booktabs}. ${WARNING}\n% ${VERDICTS}`, ...tables].join('\n\n')}\n`;
}
