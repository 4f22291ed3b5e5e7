/** Names and paths of either kind of slash, without a file system. */
const lastSlash = (path: string): number => Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));

/** The last part of a path, an address or a name. */
export function baseName(path: string): string {
  const whole = path.replace(/[/\\]+$/, '');
  return whole.slice(lastSlash(whole) + 1);
}

/** The name of the folder that a path's last part is in; empty for a bare name. */
export const folderName = (path: string): string => baseName(path.slice(0, Math.max(0, lastSlash(path))));

/** The extension with its dot, in small letters; empty where there is none. */
export function extension(path: string): string {
  const name = baseName(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot).toLowerCase() : '';
}
