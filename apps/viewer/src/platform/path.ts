/** What the readers of subspace-fusion take from `node:path`. Names of dropped files have no folders, those of a run one or two. */

export const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

export const dirname = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.');

export function extname(path: string): string {
  const name = basename(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot) : '';
}

export const join = (...parts: string[]): string => parts.join('/');

/** Knows both kinds of slash. */
export const win32 = {
  basename: (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1),
};
