import { startThread } from '../files/worker-node.js';
import { connect } from '../files/worker.js';
import type { PatchRequest } from './patches.js';
import type { SlideInfo } from './slide.js';
import type { Thumbnail } from './thumbnail.js';

/** What a slide says of itself, and its picture. */
export interface Overview {
  readonly info: SlideInfo;
  readonly thumbnail: Thumbnail;
}

/** What a reading thread does. */
export type SlideTasks = Readonly<{
  overview(request: {
    readonly file: string;
    /** Longest edge of the thumbnail. */ readonly edge: number;
  }): Promise<Overview>;
  patches(request: PatchRequest & { readonly file: string }): Promise<Uint8Array>;
}>;

/** Reads slides on a thread of its own, so that decoding goes on while the encoder has the main one. */
export interface SlideReader {
  /** What a slide says of itself, and its thumbnail. Throws InputError for a file that is not read, or damaged. */
  overview(file: string, edge: number): Promise<Overview>;
  /** Patches of a slide as `readPatches` gives them. */
  patches(file: string, request: PatchRequest): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Starts a reading thread. It keeps the process alive only while it reads. */
export function openReader(): SlideReader {
  const port = startThread(new URL('./reader-thread.js', import.meta.url), 'reads slides');
  const thread = connect<SlideTasks>(port);
  return {
    overview: (file, edge) => thread.overview({ file, edge }),
    patches: (file, request) => thread.patches({ file, ...request }),
    close: () => port.close(),
  };
}
