import type { Branch } from '../model/parts.js';
import type { ExplainedOutput } from './output.js';

export const BRANCH_WORDS: Readonly<Record<Branch, string>> = {
  tumour: 'tumour subspace',
  microenvironment: 'microenvironment subspace',
  joint: 'joint branch',
};

/** The explained output in words. */
export function outputWords(output: ExplainedOutput): string {
  return output.kind === 'risk' ? 'risk, higher is worse' : `log-probability of ${output.className}`;
}
