/** The files that the readers see here, by name: those that a person dropped, and those that the page itself came with. */
const files = new Map<string, Blob>();

/** Gives the readers a file; one of that name before it is forgotten. */
export function putFile(path: string, content: Blob): void {
  files.set(path, content);
}

/** The file of this name. @throws Error with Node's code for a file that is not there. */
export function fileAt(path: string): Blob {
  const file = files.get(path);
  if (!file) throw Object.assign(new Error(`there is no file ${path}`), { code: 'ENOENT' });
  return file;
}
