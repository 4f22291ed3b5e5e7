import type { Picture } from './slide.js';

/** Keeps what was used last, up to `bytes` of pixels. */
export interface TileCache {
  /** The picture of that key; decoded by `decode` where it is not kept. A failure is not kept. */
  get(key: string, size: number, decode: () => Promise<Picture>): Promise<Picture>;
}

export function tileCache(bytes: number): TileCache {
  const kept = new Map<string, { readonly size: number; readonly picture: Promise<Picture> }>(); // in the order of last use
  let held = 0;
  const drop = (key: string) => {
    held -= kept.get(key)?.size ?? 0;
    kept.delete(key);
  };
  return {
    get(key, size, decode) {
      const picture = kept.get(key)?.picture ?? decode();
      drop(key);
      kept.set(key, { size, picture });
      held += size;
      picture.catch(() => {
        drop(key);
      });
      for (const oldest of kept.keys()) {
        if (held <= bytes || oldest === key) break;
        drop(oldest);
      }
      return picture;
    },
  };
}
