/** Results as tables: for a terminal, as CSV, Markdown and LaTeX. */
export { allTables, crossvalTables, groupName, modelsTable, shortTables } from './build.js';
export { pValue, withInterval } from './cells.js';
export {
  crossvalTask,
  foldName,
  headlineOf,
  runsOf,
  type ComparedTask,
  type Scope,
  type TableRun,
} from './compared-task.js';
export { formatCsv } from './csv.js';
export { latexDocument, markdownDocument } from './documents.js';
export { metricName, modelName } from './names.js';
export { formatMarkdown, formatText, type Table } from './table.js';
