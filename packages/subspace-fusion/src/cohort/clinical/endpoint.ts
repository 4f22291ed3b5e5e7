import type { Config } from '../config.js';
import type { Endpoint } from '../types.js';
import { countsCensored, eventOf } from './event.js';

/** What a column's name says of an endpoint other than death. */
const OTHER_ENDPOINT = /pfs|pfi|dfs|dfi|dss|progress|recur|relapse/i;
const ABBREVIATED = /pfs|pfi|dfs|dfi|dss/i;

const OVERALL_SURVIVAL = 'OS';

export const isOverallSurvival = ({ name }: Pick<Endpoint, 'name'>): boolean =>
  /^(os|overall survival|death)$/i.test(name);

type Options = Pick<Config['clinical'], 'time' | 'event' | 'endpoint' | 'eventValues'>;

/** The endpoint's name as the config gives it, or as the name of the event's column tells; OS otherwise. */
function nameOf(event: string, given: string | undefined): string {
  if (given !== undefined) return given;
  if (!OTHER_ENDPOINT.test(event)) return OVERALL_SURVIVAL;
  return ABBREVIATED.exec(event)?.[0].toUpperCase() ?? event;
}

/** The endpoint and its censoring rule; undefined where no columns are known. */
export function endpointOf({ time, event, endpoint, eventValues }: Options): Endpoint | undefined {
  if (time === undefined || event === undefined) return undefined;
  const rule = eventValues
    ? `seen where ${event} is ${eventValues.map((value) => `'${value}'`).join(' or ')}, otherwise censored`
    : countsCensored(event)
      ? `censored where ${event} is 1, seen where it is 0`
      : `seen where ${event} is 1 (or says so in a word), censored where it is 0`;
  return { name: nameOf(event, endpoint), time, event, rule };
}

/** Whether the event was seen, by the config's values of it or by {@link eventOf}; undefined for what is neither. */
export function eventBy({ event, eventValues }: Options, cell: string): boolean | undefined {
  if (!eventValues) return eventOf(cell, event!);
  return eventValues.some((value) => value.toLowerCase() === cell.trim().toLowerCase());
}
