export { readReport } from './read.js';
export { renderModelCard } from './model-card.js';
export { renderReport } from './report.js';
export type { ReportInput } from './types.js';
export { writeReport, type ReportOptions } from './write.js';
