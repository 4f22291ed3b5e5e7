import type { BagFile } from '../cohort/types.js';
import { startThread } from '../files/worker-node.js';
import { connect } from '../files/worker.js';
import type { Model } from '../runs/model.js';

/** What the reading thread does. */
export type BagTasks = Readonly<{
  /** Says once what the model is whose slides are read; its components may be a megabyte. */
  use(model: BagShape): Promise<void>;
  read(slide: BagFile): Promise<Float32Array>;
}>;

/** Reads and decodes feature files on a thread of its own. */
export interface BagReader {
  /**
   * A slide's features as `[tokens · width]`: the same bits and the same errors as `readFixedBag`.
   * @throws InputError for a file that is no bag of the model; Error where the reader was closed.
   */
  read(slide: BagFile): Promise<Float32Array>;
  /** Ends the thread; reads under way are rejected. */
  close(): Promise<void>;
}

/** Starts a reading thread for bags of this model. It keeps the process alive only while it reads. */
export function openBagReader({ size, tokens, layout, components }: BagShape): BagReader {
  const port = startThread(new URL('./bag-reader-worker.js', import.meta.url), 'reads feature files');
  const thread = connect<BagTasks>(port);
  const ready = thread.use({ size, tokens, layout, components });
  ready.catch(() => undefined); // it is thrown where a slide is read, if it comes to that
  return {
    read: async (slide) => {
      await ready;
      return thread.read(slide);
    },
    close: () => port.close(),
  };
}

/** What of a model decides how it reads a slide. */
export type BagShape = Pick<Model, 'size' | 'tokens' | 'layout' | 'components'>;
