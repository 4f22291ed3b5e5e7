export { simulateCohort, type SimulatedCohort, type SimulationOptions } from './cohort.js';
export { simulateBagsForCohort } from './real-genes.js';
export { fractionOfCeiling } from './ceilings.js';
export { REGIMES, type Regime } from './regimes.js';
