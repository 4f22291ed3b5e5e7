import { starterPort } from '../files/worker-node.js';
import { handingOver, serve } from '../files/worker.js';
import type { BagTasks } from './bag-reader.js';
import { readFixedBag } from './samples.js';

/** The reading thread of bag-reader.ts: it hands the features over without a copy. */
const tasks: BagTasks = {
  async read({ slide, model }) {
    const features = await readFixedBag(slide, model);
    return handingOver(features, [features.buffer]);
  },
};

serve(starterPort(), tasks);
