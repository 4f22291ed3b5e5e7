import { counted, someOf, type Problem } from '../../files/errors.js';
import { maxOf } from '../../files/lists.js';
import { hasFollowUpTable } from './gdc.js';
import { eventBy } from './outcome.js';
import type { ClinicalPatient, ClinicalTable } from './read.js';

/** A share of times of 0 that is no chance: the day of surgery is rarely that of death. */
const MANY_ZEROS = 0.05;
/** Share of the living, or of the dead, without a time from which those who remain are another population. */
const MANY = 0.5;
/** Where everybody who remains died, this share of the living among all is enough. */
const SOME_LIVING = 0.1;

interface FollowUpColumns {
  readonly time: string;
  readonly event: string;
  readonly eventValues?: string[] | undefined;
}

/** Whether the patients who have a follow-up are those that the table is of: who has none, and whether it is only the dead who have one. */
export function followUpProblems(
  { file, patients, format, columns, endpoint }: ClinicalTable,
  { time, event, eventValues }: FollowUpColumns,
): Problem[] {
  const problems: Problem[] = [];
  const add = (severity: Problem['severity'], message: string, remedy: string) =>
    problems.push({ severity, file, message, remedy });
  const own = endpoint ?? { time, event };
  const known = patients.flatMap(({ survival }) => survival ?? []);
  const deaths = known.filter((survival) => survival.event).length;
  // Others without survival have cells that are errors.
  const without = patients.filter(({ clinical }) => clinical[time] === '' || clinical[event] === '');
  if (without.length > 0)
    problems.push({
      severity: 'warning',
      file,
      message: `${counted(without.length, 'patient has', 'patients have')} no follow-up`,
      examples: without.slice(0, 3).map(({ id }) => id),
      remedy: 'They are left out of survival',
    });
  const isSeen = (cell: string) => (cell === '' ? undefined : eventBy(event, eventValues, cell));
  const living = without.filter(({ clinical }) => clinical[time] === '' && isSeen(clinical[event]) === false);
  const unsaid = without.filter(({ clinical }) => clinical[time] !== '' && clinical[event] === '');
  const remain = `${counted(known.length, 'patient who remains', 'patients who remain')} died`;
  const fill =
    format === 'gdc' && !hasFollowUpTable(columns)
      ? "Add the GDC's follow_up.tsv: clinical.file: [clinical.tsv, follow_up.tsv]"
      : `Fill in the day on which the living were last seen ('${own.time}')`;
  const alive = living.length + known.length - deaths;
  if (deaths > 0 && deaths === known.length && living.length > 0) {
    const severity = living.length < SOME_LIVING * (deaths + living.length) ? 'warning' : 'error';
    add(severity, `no living patient has a follow-up (${idsOf(living)}): all ${remain}`, fill);
  } else if (deaths > 0 && deaths === known.length && unsaid.length > 0) {
    const message = `'${own.event}' is empty for ${counted(unsaid.length, 'patient', 'patients')} with a time (${idsOf(unsaid)}): all ${remain}`;
    add('error', message, 'Write 0 where no event was seen');
  } else if (living.length > MANY * alive) {
    const message = `${living.length} of ${alive} living patients have no follow-up: those who remain are mostly the dead`;
    add('warning', message, fill);
  }
  const dead = without.filter(({ clinical }) => clinical[time] === '' && isSeen(clinical[event]));
  if (dead.length > MANY * (deaths + dead.length)) {
    const message = `${dead.length} of ${deaths + dead.length} patients with the event have no time: those who remain are mostly without it`;
    add(
      'warning',
      message,
      `Fill in the time of the event ('${own.time}'); a column of the last follow-up is often empty for the dead`,
    );
  }
  const codes = codesAmong(patients);
  if (codes.length > 0) {
    const values = [...new Set(codes.map(({ survival }) => String(survival?.time)))].join(', ');
    add(
      'warning',
      `${counted(codes.length, 'patient has', 'patients have')} a time in '${own.time}' that looks like a code for unknown (${values}: ${idsOf(codes)})`,
      'Leave the cell empty where the time is unknown',
    );
  }
  const zeros = patients.filter(({ survival }) => survival?.time === 0);
  if (zeros.length > 1 && zeros.length >= MANY_ZEROS * known.length)
    add(
      'warning',
      `${zeros.length} of ${known.length} patients have a time of 0 in '${own.time}' (${idsOf(zeros)})`,
      'Leave the cell empty where the time is unknown',
    );
  return problems;
}

/** 999, 9999, 8888, 777: what many programs of statistics write for unknown. */
const CODE = /^(9{3,}|8{3,}|7{3,})$/;
/** A code is far from every time that was measured. */
const FAR = 1.5;

/** Patients whose time is a code: repeated 7, 8 or 9, of several patients or far beyond all other times. */
function codesAmong(patients: readonly ClinicalPatient[]): ClinicalPatient[] {
  const isCode = ({ survival }: ClinicalPatient) => survival !== undefined && CODE.test(String(survival.time));
  const candidates = patients.filter(isCode);
  const measured = patients.flatMap((patient) => (patient.survival && !isCode(patient) ? patient.survival.time : []));
  const longest = maxOf(measured);
  return candidates.filter(({ survival }) => {
    const time = survival?.time ?? 0;
    const often = candidates.filter((other) => other.survival?.time === time).length;
    return often > 1 || time > FAR * longest;
  });
}

const idsOf = (patients: readonly ClinicalPatient[]) => someOf(patients.map(({ id }) => id));
