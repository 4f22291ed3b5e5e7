/** Results as tables: for a terminal, as CSV, Markdown and LaTeX. */
export { allTables, modelsTable, patientsInWords, reportTables, shortTables } from './build.js';
export { formatCsv } from './csv.js';
export { latexDocument, markdownDocument } from './documents.js';
export { formatMarkdown, formatText, type Table } from './formats.js';
