import { modelName, VERDICTS_MEAN } from '../../words/comparison.js';
import type { TaskComparison } from '../file.js';
import { everyone, runsOf, shuffledScopes } from '../scopes.js';
import { allTables } from './build.js';
import { escapeLatex, formatLatex, formatMarkdown } from './formats.js';

const WARNING = 'Research software. Not a medical device.';

/** All tables of a comparison as Markdown, with links to the run folders of each model. */
export function markdownDocument(title: string, tasks: readonly TaskComparison[]): string {
  const sections = tasks.flatMap((task) => [
    `## ${task.task}`,
    ...allTables(task).map((table) => (typeof table === 'string' ? `*${table}.*` : formatMarkdown(table))),
    'Run folders that the numbers of each model come from; simple models are fitted and scored on the patients of the splits of the first model:',
    runLinks(task),
  ]);
  return `${[`# ${title}`, WARNING, VERDICTS_MEAN, ...sections].join('\n\n')}\n`;
}

function runLinks(task: TaskComparison): string {
  return [everyone(task), ...shuffledScopes(task)]
    .flatMap((scope) =>
      [...new Set(scope.runs.map(({ model }) => model))].map((model) => {
        const control = scope.kind === 'shuffled outcomes' ? ', outcomes shuffled' : '';
        const links = runsOf(scope, model, task.model).map(({ folder }) => `[${folder}](<${folder}>)`);
        return `- ${modelName(model)}${control}: ${links.join(', ')}`;
      }),
    )
    .join('\n');
}

/** All tables of a comparison as LaTeX, to be taken in with \\input after \\usepackage{booktabs}. */
export function latexDocument(title: string, tasks: readonly TaskComparison[]): string {
  const tables = tasks.flatMap((task) =>
    allTables(task).map((table) => (typeof table === 'string' ? `${escapeLatex(table)}.` : formatLatex(table))),
  );
  return `${[`% ${title.replaceAll(/\s+/g, ' ')}. Needs \\usepackage{booktabs}. ${WARNING}\n% ${VERDICTS_MEAN}`, ...tables].join('\n\n')}\n`;
}
