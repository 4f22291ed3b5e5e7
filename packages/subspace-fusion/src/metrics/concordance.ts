import { countEvents, type Events } from './arrays.js';
import { comparablePairs, PAIR_TIES } from './comparable-pairs.js';
import { refuse, type Metric } from './metric.js';

/** Pairs of patients whose order of death is known, by what the risks say about it. */
export interface Concordance {
  /** The patient who dies first has the higher risk. */
  readonly concordant: number;
  readonly discordant: number;
  /** Risks within 1e-8 of each other. */
  readonly tiedRisk: number;
  /** Pairs counted above in which one dies at the time the other is censored. */
  readonly tiedTime: number;
  /** All comparable pairs: concordant + discordant + tiedRisk. */
  readonly comparable: number;
  /** (concordant + tiedRisk/2) / comparable, or null where no pair is comparable. */
  readonly index: number | null;
}

/**
 * Harrell's concordance of `risk` (higher is worse) with survival. A pair counts when one patient dies and the other
 * is followed longer, or is censored at that very time; two deaths at one time do not count.
 * Throws a RangeError on unequal lengths or NaN.
 */
export function concordance(time: ArrayLike<number>, event: Events, risk: ArrayLike<number>): Concordance {
  const pairs = comparablePairs(time, event, risk);
  const [concordant, discordant, tiedRisk, tiedTime] = [
    pairs.concordant,
    pairs.discordant,
    pairs.tiedRisk,
    pairs.tiedTime,
  ].map((ofEach) => ofEach.reduce((sum, count) => sum + count, 0));
  const comparable = concordant + discordant + tiedRisk;
  const index = comparable === 0 ? null : (concordant + tiedRisk / 2) / comparable;
  return { concordant, discordant, tiedRisk, tiedTime, comparable, index };
}

/** The concordance index as a metric. Refused where no pair of patients is comparable. */
export function concordanceIndex(time: ArrayLike<number>, event: Events, risk: ArrayLike<number>): Metric {
  const name = 'concordanceIndex';
  const { index, comparable } = concordance(time, event, risk);
  const events = countEvents(event);
  if (index === null) return refuse(name, `no comparable pair among ${time.length} patients with ${events} deaths`);
  return {
    name,
    value: index,
    estimator: "Harrell's C",
    ties: PAIR_TIES,
    n: time.length,
    events,
    comparablePairs: comparable,
  };
}
