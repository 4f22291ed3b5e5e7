import type { Config } from '../config.js';
import { someOf, type Problem } from '../problems.js';
import type { Patient } from '../types.js';
import { endpointOf, isOverallSurvival } from './endpoint.js';
import { eventWitnesses } from './event.js';
import { isTooLong, unitInName } from './time-unit.js';

/** Two columns of death differ for some patients (by a later follow-up, or another endpoint); for so many, one of them means the opposite. */
const OPPOSITE = 0.8;

/** Whether times and events are what their columns' names and the rest of the table say. */
export function survivalProblems(
  file: string,
  patients: readonly Pick<Patient, 'id' | 'clinical' | 'survival'>[],
  columns: readonly string[],
  config: Config['clinical'],
): Problem[] {
  const { time, event, timeUnit, eventValues } = config;
  const endpoint = endpointOf(config);
  if (time === undefined || event === undefined || !endpoint) return [];
  const problems: Problem[] = [];
  const add = (severity: Problem['severity'], message: string, remedy: string) =>
    problems.push({ severity, file, message, remedy });

  const named = unitInName(time);
  if (named !== undefined && named !== timeUnit) {
    add(
      'warning',
      `the column '${time}' is named after ${named}, and clinical.timeUnit is ${timeUnit}`,
      `Set clinical.timeUnit to ${named}, if it is`,
    );
  }
  const longest = patients.reduce((most, { survival }) => Math.max(most, survival?.time ?? 0), 0);
  if (isTooLong(longest, timeUnit)) {
    add(
      'warning',
      `the longest time of '${time}' is ${longest} ${timeUnit}, longer than any follow-up`,
      'Check clinical.timeUnit',
    );
  }
  // Another endpoint's event may come before death.
  if (!isOverallSurvival(endpoint) || eventValues) return problems;
  for (const { column, agree, contradict } of eventWitnesses(patients, columns, event)) {
    const compared = agree.length + contradict.length;
    if (contradict.length === 0) continue;
    if (contradict.length > OPPOSITE * compared) {
      const message = `the event '${event}' says the opposite of '${column}' for ${contradict.length} of ${compared} patients (${someOf(contradict)})`;
      add(
        'error',
        message,
        "Check clinical.event; a column whose name contains 'censor' is read as 1 = not seen, any other as 1 = seen",
      );
    } else {
      add(
        'warning',
        `the event '${event}' contradicts '${column}' for ${contradict.length} of ${compared} patients (${someOf(contradict)})`,
        'Check both',
      );
    }
  }
  return problems;
}
