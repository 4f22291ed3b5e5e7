/** A name as R's data.frame() and read.table() write it (make.names): HLA-DRA is HLA.DRA, 7SK is X7SK. */
export function rName(name: string): string {
  const points = name.replace(/[^\p{L}\p{N}._]/gu, '.');
  return /^(\p{L}|\.(?!\d))/u.test(name) ? points : `X${points}`;
}

/** Finds the one of these names of which R made a text, or that R made of a text; undefined where it is none, the same, or may be several. */
export function rSpellings(names: Iterable<string>): (text: string) => string | undefined {
  const byKey = new Map<string, string | undefined>();
  for (const name of names) {
    const key = rName(name);
    byKey.set(key, byKey.has(key) ? undefined : name);
  }
  return (text) => {
    const key = rName(text);
    const name = byKey.get(key);
    return name !== undefined && name !== text && (key === text || key === name) ? name : undefined;
  };
}
