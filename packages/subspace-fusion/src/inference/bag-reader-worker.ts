import { starterPort } from '../files/worker-node.js';
import { handingOver, serve } from '../files/worker.js';
import type { BagShape, BagTasks } from './bag-reader.js';
import { readFixedBag } from './samples.js';

/** The reading thread of bag-reader.ts: it hands the features over without a copy. */
let model: BagShape | undefined;

const tasks: BagTasks = {
  use(given) {
    model = given;
    return Promise.resolve();
  },
  async read(slide) {
    if (!model) throw new Error('no model was given to read for');
    const features = await readFixedBag(slide, model);
    return handingOver(features, [features.buffer]);
  },
};

serve(starterPort(), tasks);
