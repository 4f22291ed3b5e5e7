import { html, table, type Html } from './html.js';
import type { ReportRun } from './types.js';

/** Who the patients are, and how many were left out for what. */
export function patientsSection({ patients, task }: ReportRun): Html {
  if ('reason' in patients) {
    return html`<p class="missing">
      The cohort's clinical table cannot be read where the report was made, so age, sex, grade, diagnosis and outcome of
      the patients are to be filled in: ${patients.reason}
    </p>`;
  }
  const { parts, rows, flow, endpoint } = patients;
  const endpointWords =
    endpoint === undefined ? undefined : html`<p>The endpoint is ${endpoint.name}, ${endpoint.rule}.</p>`;
  return html`${endpointWords}
    ${table(
      'Patients of each part',
      ['Characteristic', ...parts],
      rows.map(({ name, cells }) => [name, ...cells]),
    )}
    ${table(
      'From the clinical table to the parts',
      ['Step', 'Patients'],
      flow.map((step) => [step.step, step.patients]),
    )}
    <p>
      ${task === 'survival' ? 'Follow-up: median of the reverse Kaplan-Meier estimate, in which deaths end the observation. ' : ''}Percentages
      are of the patients of the part. Parts share no patient, and all slides of a patient are in one part.
    </p>`;
}
