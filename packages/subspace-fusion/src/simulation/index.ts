export { simulateCohort, type SimulatedCohort, type SimulationOptions } from './cohort.js';
export { simulateBagsForCohort, type RealGenesOptions, type SimulatedBags } from './real-genes.js';
export { fractionOfCeiling, type CeilingScores, type CohortCeilings, type ExpectedEta } from './ceilings.js';
export { REGIMES, type Regime } from './regimes.js';
