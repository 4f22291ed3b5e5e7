import { CLAIM, TRIPOD_AI, type Item, type SectionName } from './checklist-items.js';
import { html, table, type Html } from './html.js';
import type { ReportRun } from './types.js';

const SECTION_TITLES: Readonly<Record<SectionName, string>> = {
  summary: 'Summary',
  patients: 'Patients',
  discrimination: 'Discrimination',
  calibration: 'Calibration',
  training: 'Training',
  explanations: 'Explanations',
  reproduce: 'Configuration and commands',
  limits: 'Intended use and limits',
  versions: 'Versions',
};

/** Title of a section of the report. */
export const sectionTitle = (section: SectionName): string => SECTION_TITLES[section];

/** Sections that stand once in a report, and not in each run. */
const ONCE: readonly SectionName[] = ['limits', 'versions'];

/** The id of a section of the run that stands `index`-th. */
export const anchorOf = (section: SectionName, index: number): string =>
  ONCE.includes(section) ? section : `run-${index + 1}-${section}`;

/** How far the report answers an item: a section that has nothing to show does not. */
function stateOf({ section, add }: Item, empty: ReadonlySet<SectionName>): 'answered' | 'in part' | 'you fill in' {
  if (section === undefined || empty.has(section)) return 'you fill in';
  return add === undefined ? 'answered' : 'in part';
}

/** Sections that have nothing to show in some run. */
function emptySections(runs: readonly ReportRun[]): ReadonlySet<SectionName> {
  const empty = new Set<SectionName>();
  for (const { patients, explanations, predictions } of runs) {
    if ('reason' in patients) empty.add('patients');
    if (explanations.patients.length === 0 && !explanations.cohort) empty.add('explanations');
    if (predictions.rows.length === 0) empty.add('calibration');
  }
  return empty;
}

/** Which items of TRIPOD+AI and CLAIM the report answers, and which are left to the user. */
export function checklists(runs: readonly ReportRun[]): Html {
  const empty = emptySections(runs);
  return html`<p>What a paper on a prediction model has to report. The topics are in short; the lists themselves are authoritative (TRIPOD+AI: Collins et al. 2024; CLAIM: Tejani et al. 2024).
“In part”: the section named holds some of it, and what stands beside it is yours to add.</p>
${checklist('TRIPOD+AI', TRIPOD_AI, empty)}
${checklist('CLAIM, update of 2024', CLAIM, empty)}`;
}

function checklist(name: string, items: readonly Item[], empty: ReadonlySet<SectionName>): Html {
  const states = items.map((item) => stateOf(item, empty));
  const number = (state: (typeof states)[number]) => states.filter((one) => one === state).length;
  const rows = items.map((item, i) => {
    const { section, topic, add } = item;
    const link =
      states[i] === 'you fill in' || section === undefined
        ? '–'
        : html`<a href="#${anchorOf(section, 0)}">${sectionTitle(section)}</a>`;
    return [
      item.number,
      html`<span class="wrap">${topic}</span>`,
      states[i],
      link,
      html`<span class="wrap">${add ?? (states[i] === 'you fill in' ? 'the data of this report do not hold it' : '')}</span>`,
    ];
  });
  const caption = `${name}: ${number('answered')} items answered, ${number('in part')} in part, ${number('you fill in')} for you to fill in`;
  return table(caption, ['Item', 'Topic', 'State', 'Section', 'To add'], rows);
}
