import type { Picture } from '../slide.js';

/** Keeps what was used last, and decodes no more at once than fits into memory. */
export interface TileCache {
  /** The picture of that key; decoded by `decode` where it is not kept. A failure is not kept. `size`: bytes of the picture. */
  get(key: string, size: number, decode: () => Promise<Picture>): Promise<Picture>;
}

/**
 * @param kept Bytes of pictures that are kept.
 * @param atOnce Bytes of pictures that are decoded at a time; a larger one is decoded alone.
 */
export function tileCache(kept: number, atOnce: number): TileCache {
  const pictures = new Map<string, { readonly size: number; readonly picture: Promise<Picture> }>(); // in the order of last use
  const room = roomFor(atOnce);
  let held = 0;
  const drop = (key: string) => {
    held -= pictures.get(key)?.size ?? 0;
    pictures.delete(key);
  };
  return {
    get(key, size, decode) {
      const picture = pictures.get(key)?.picture ?? room(size, decode);
      drop(key);
      pictures.set(key, { size, picture });
      held += size;
      picture.catch(() => {
        drop(key);
      });
      for (const oldest of pictures.keys()) {
        if (held <= kept || oldest === key) break;
        drop(oldest);
      }
      return picture;
    },
  };
}

/** Runs work in its order, as much of it at a time as `most` bytes allow. */
function roomFor(most: number): <T>(size: number, work: () => Promise<T>) => Promise<T> {
  const waiting: { readonly size: number; readonly start: () => void }[] = [];
  let taken = 0;
  const startWhatFits = () => {
    while (waiting.length > 0 && (taken === 0 || taken + waiting[0].size <= most)) {
      const [next] = waiting.splice(0, 1);
      taken += next.size;
      next.start();
    }
  };
  return async (size, work) => {
    await new Promise<void>((resolve) => {
      waiting.push({ size, start: resolve });
      startWhatFits();
    });
    try {
      return await work();
    } finally {
      taken -= size;
      startWhatFits();
    }
  };
}
