/** Results as tables: for a terminal, as CSV, Markdown and LaTeX. */
export { allTables, crossvalTables, groupName, modelsTable, shortTables } from './build.js';
export { pValue, withInterval } from './table.js';
export {
  crossvalTask,
  foldName,
  headlineOf,
  runsOf,
  type ComparedTask,
  type Scope,
  type TableRun,
} from './compared-task.js';
export { formatCsv } from './documents.js';
export { latexDocument, markdownDocument } from './documents.js';
export { metricName, modelName } from './table.js';
export { formatMarkdown, formatText, type Table } from './table.js';
