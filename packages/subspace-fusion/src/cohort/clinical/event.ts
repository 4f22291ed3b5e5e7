/** A column that says who was censored holds 1 where the others hold 0. */
export const countsCensored = (column: string): boolean => /censor/i.test(column);

const SEEN = new Set(['dead', 'deceased', 'died', 'death', 'true', 'yes']);
const NOT_SEEN = new Set(['alive', 'living', 'censored', 'false', 'no']);

/**
 * Whether the event was seen, by a cell of an event column: 0 or 1, cBioPortal's `1:DECEASED` and `0:LIVING`, or words. Digits in a column
 * named like "censorship" mean the opposite; words mean what they say. Undefined for what is none of these.
 */
export function eventOf(cell: string, column: string): boolean | undefined {
  const text = cell.trim().toLowerCase();
  const digit = /^([01])(\.0*)?(:.*)?$/.exec(text);
  if (digit) return (digit[1] === '1') !== countsCensored(column);
  const word = SEEN.has(text) ? true : NOT_SEEN.has(text) ? false : undefined;
  // "yes" in a column of censoring says that it was censored.
  return word !== undefined && /^(true|yes|false|no)$/.test(text) ? word !== countsCensored(column) : word;
}

/** Columns that tell of death in other words, by which an event column is checked. */
const WITNESSES = /^(vital[_. ]?status.*|os[_.]status|os|dead|death|deceased|censorship|censored|event|os_event)$/i;

/** What other columns say of the event. */
export interface EventWitness {
  readonly column: string;
  /** Ids of patients of whom it says the same, and the opposite. */
  readonly agree: readonly string[];
  readonly contradict: readonly string[];
}

/** Compares an event column with every other column of the table that tells of death. */
export function eventWitnesses(
  patients: readonly { readonly id: string; readonly clinical: Readonly<Record<string, string>> }[],
  columns: readonly string[],
  event: string,
): EventWitness[] {
  return columns
    .filter((column) => column !== event && WITNESSES.test(column))
    .map((column) => {
      const agree: string[] = [];
      const contradict: string[] = [];
      for (const { id, clinical } of patients) {
        const [one, other] = [eventOf(clinical[event], event), eventOf(clinical[column], column)];
        if (one !== undefined && other !== undefined) (one === other ? agree : contradict).push(id);
      }
      return { column, agree, contradict };
    });
}
