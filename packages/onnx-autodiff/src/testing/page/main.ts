import { trainLogisticRegression } from '../logistic-regression.js';

// For the test, which calls it.
Object.assign(globalThis, { trainLogisticRegression });
