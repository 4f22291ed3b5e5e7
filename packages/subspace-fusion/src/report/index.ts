export { renderReport } from './report.js';
export type { ReportInput, ReportRun } from './types.js';
