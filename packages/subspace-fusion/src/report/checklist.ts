import { html, table, type Html } from './html.js';
import type { ReportRun } from './types.js';

/** Sections of a report that can answer an item. */
export type SectionName =
  | 'summary'
  | 'patients'
  | 'discrimination'
  | 'calibration'
  | 'training'
  | 'explanations'
  | 'reproduce'
  | 'limits'
  | 'versions';

/** An item of a reporting guideline, in words of our own. */
export interface Item {
  readonly number: string;
  readonly topic: string;
  /** Where the report answers it; without one, the user must. */
  readonly section?: SectionName;
  /** What the user has to add. */
  readonly add?: string;
}

/** TRIPOD+AI (Collins et al., BMJ 2024;385:e078378). */
const TRIPOD_AI: readonly Item[] = [
  {
    number: '1',
    topic: 'Title names the kind of study, the patients and the outcome',
    add: 'write the title of your study',
  },
  { number: '2', topic: 'Abstract', add: 'write it by the TRIPOD+AI list for abstracts' },
  { number: '3a', topic: 'Medical context, and models that exist', add: 'write it' },
  {
    number: '3b',
    topic: 'Intended patients, purpose and users',
    section: 'limits',
    add: 'the place in care that you study',
  },
  { number: '3c', topic: 'Known inequalities in health', add: 'write it' },
  { number: '4', topic: 'Objectives', add: 'write them' },
  {
    number: '5a',
    topic: 'Sources of data, and how far they represent the patients meant',
    add: 'name and justify the sources',
  },
  { number: '5b', topic: 'Dates of inclusion and of the end of follow-up', add: 'give the dates' },
  { number: '6a', topic: 'Setting and centres', add: 'describe them' },
  {
    number: '6b',
    topic: 'Who was eligible',
    section: 'patients',
    add: 'criteria by which the cohort itself was gathered',
  },
  { number: '6c', topic: 'Treatments', add: 'say what patients received' },
  {
    number: '7',
    topic: 'Preparation of the data',
    section: 'reproduce',
    add: 'what was done before the files that the configuration names',
  },
  {
    number: '8a',
    topic: 'Outcome, its horizon and how it was assessed',
    section: 'patients',
    add: 'how and when it was assessed',
  },
  { number: '8b', topic: 'Who assessed an outcome that needs judgement', add: 'qualifications of the assessors' },
  { number: '8c', topic: 'Blinding of the assessment of the outcome', add: 'say how' },
  {
    number: '9a',
    topic: 'Choice of the predictors at the start',
    section: 'reproduce',
    add: 'why these gene sets and this encoder',
  },
  {
    number: '9b',
    topic: 'Predictors and how they were measured',
    section: 'reproduce',
    add: 'scanner, stain, sequencing, and blinding to the outcome',
  },
  { number: '9c', topic: 'Who judged predictors that need judgement', add: 'qualifications, or that none does' },
  { number: '10', topic: 'Size of the study', section: 'patients', add: 'why it is enough' },
  { number: '11', topic: 'Missing data', section: 'patients', add: 'why patients with missing data could be left out' },
  { number: '12a', topic: 'Use of the data for development and evaluation', section: 'patients' },
  { number: '12b', topic: 'Handling of predictors in the model', section: 'reproduce' },
  {
    number: '12c',
    topic: 'Kind of model, steps of its making, internal validation',
    section: 'reproduce',
    add: 'settings that were tried and given up',
  },
  {
    number: '12d',
    topic: 'How differences between centres were looked at',
    add: 'compare centres, as with a cross-validation by site',
  },
  { number: '12e', topic: 'Measures of performance', section: 'discrimination' },
  { number: '12f', topic: 'Updating of the model after evaluation', add: 'say that there was none, or which' },
  { number: '12g', topic: 'How predictions were computed at evaluation', section: 'reproduce' },
  {
    number: '13',
    topic: 'Class imbalance, and recalibration after it',
    section: 'calibration',
    add: 'classes are weighted by how rare they are, and the weights taken out of the probabilities; say whether you recalibrated',
  },
  { number: '14', topic: 'Fairness', add: 'what was done about it, and why' },
  { number: '15', topic: 'Output of the model, and thresholds', section: 'summary', add: 'any threshold of your own' },
  {
    number: '16',
    topic: 'Differences between development and evaluation data',
    section: 'patients',
    add: 'differences in setting and measurement',
  },
  { number: '17', topic: 'Ethical approval and consent', add: 'name the committee' },
  { number: '18a', topic: 'Funding', add: 'name the funders and their part' },
  { number: '18b', topic: 'Conflicts of interest', add: 'declare them' },
  { number: '18c', topic: 'Protocol', add: 'say where it is' },
  { number: '18d', topic: 'Registration', add: 'give the register and number, or say that there is none' },
  { number: '18e', topic: 'Availability of the data', add: 'say where they are' },
  { number: '18f', topic: 'Availability of the code', section: 'versions', add: 'where your analysis code is' },
  { number: '19', topic: 'Involvement of patients and the public', add: 'say how, or that there was none' },
  { number: '20a', topic: 'Flow of participants, events, follow-up', section: 'patients' },
  {
    number: '20b',
    topic: 'Characteristics of the participants',
    section: 'patients',
    add: 'treatments, dates, and groups that the clinical table does not name',
  },
  { number: '20c', topic: 'Comparison of evaluation with development data', section: 'patients' },
  { number: '21', topic: 'Participants and events in each analysis', section: 'discrimination' },
  {
    number: '22',
    topic: 'The full model, for predictions in new patients',
    section: 'reproduce',
    add: 'where the weights are (checkpoint and model.json of the run folder)',
  },
  {
    number: '23a',
    topic: 'Performance with intervals, in subgroups too',
    section: 'discrimination',
    add: 'subgroups that matter to you',
  },
  {
    number: '23b',
    topic: 'Differences of performance between centres',
    add: 'compare centres, as with a cross-validation by site',
  },
  { number: '24', topic: 'Result of updating the model', add: 'as for 12f' },
  { number: '25', topic: 'Interpretation, fairness included', add: 'write it' },
  { number: '26', topic: 'Limitations', section: 'limits', add: 'those of your study' },
  { number: '27a', topic: 'Input of poor quality or none', section: 'limits', add: 'how it is to be handled in use' },
  { number: '27b', topic: 'What users must do and know', section: 'limits', add: 'for your setting' },
  { number: '27c', topic: 'Next steps of research', add: 'write them' },
];

/** CLAIM, update of 2024 (Tejani et al., Radiology: Artificial Intelligence 2024;6:e240300). */
const CLAIM: readonly Item[] = [
  { number: '1', topic: 'Title names the kind of artificial intelligence', add: 'write it' },
  { number: '2', topic: 'Abstract', add: 'write it' },
  { number: '3', topic: 'Background and intended use', section: 'limits', add: 'the background' },
  { number: '4', topic: 'Aims and hypotheses', add: 'write them' },
  { number: '5', topic: 'Prospective or retrospective', add: 'say which' },
  { number: '6', topic: 'Goal of the study', add: 'say it' },
  { number: '7', topic: 'Sources of data', add: 'name them' },
  {
    number: '8',
    topic: 'Inclusion and exclusion',
    section: 'patients',
    add: 'criteria by which the cohort itself was gathered',
  },
  {
    number: '9',
    topic: 'Preprocessing',
    section: 'reproduce',
    add: 'what was done before the files that the configuration names',
  },
  {
    number: '10',
    topic: 'Selection of parts of the data',
    section: 'reproduce',
    add: 'which slides of a patient, and why',
  },
  { number: '11', topic: 'De-identification', add: 'say how' },
  { number: '12', topic: 'Missing data', section: 'patients', add: 'why patients with missing data could be left out' },
  { number: '13', topic: 'Acquisition of the images', add: 'scanner, magnification, stain' },
  { number: '14', topic: 'Reference standard', section: 'patients', add: 'how labels came into the clinical table' },
  { number: '15', topic: 'Why this reference standard', add: 'say why' },
  { number: '16', topic: 'Who made the annotations', add: 'name their training' },
  { number: '17', topic: 'Annotation of the test patients', add: 'say how' },
  { number: '18', topic: 'Agreement between and within annotators', add: 'measure it, or say that it was not' },
  { number: '19', topic: 'Assignment to parts', section: 'reproduce' },
  { number: '20', topic: 'Level at which parts are disjoint', section: 'patients' },
  { number: '21', topic: 'Intended sample size', add: 'how it was set' },
  { number: '22', topic: 'Model: inputs, outputs, layers', section: 'reproduce', add: 'cite the method' },
  { number: '23', topic: 'Software', section: 'versions' },
  { number: '24', topic: 'Initialisation of the parameters', section: 'reproduce' },
  { number: '25', topic: 'Training', section: 'training' },
  { number: '26', topic: 'Choice of the final model', section: 'training' },
  { number: '27', topic: 'Ensembles', add: 'say that single models are reported, or how you combined them' },
  { number: '28', topic: 'Metrics', section: 'discrimination' },
  { number: '29', topic: 'Uncertainty and significance', section: 'discrimination' },
  { number: '30', topic: 'Robustness', add: 'analyses that you did' },
  { number: '31', topic: 'Explanation of the model', section: 'explanations' },
  { number: '32', topic: 'Evaluation on data of the same source', section: 'discrimination' },
  {
    number: '33',
    topic: 'Evaluation on data of another source',
    add: 'use `subspace evaluate --cohort`, or say that there was none',
  },
  { number: '34', topic: 'Registration of a clinical trial', add: 'give it, or say that it is none' },
  { number: '35', topic: 'Numbers included and left out', section: 'patients' },
  { number: '36', topic: 'Characteristics of each part', section: 'patients' },
  { number: '37', topic: 'Performance with its uncertainty', section: 'discrimination' },
  { number: '38', topic: 'Estimates of diagnostic performance and their precision', section: 'discrimination' },
  { number: '39', topic: 'Analysis of failures', add: 'look at the patients that the model got wrong' },
  { number: '40', topic: 'Limitations', section: 'limits', add: 'those of your study' },
  { number: '41', topic: 'Meaning for practice', add: 'write it' },
  { number: '42', topic: 'Full protocol', add: 'say where it is' },
  {
    number: '43',
    topic: 'Availability of software, model and data',
    section: 'versions',
    add: 'where model and data are',
  },
  { number: '44', topic: 'Funding', add: 'name the funders and their part' },
];

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
