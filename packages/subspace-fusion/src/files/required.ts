/** The value under a key that must be there. @throws Error naming the key where it is not. */
export function required<K, V>(map: ReadonlyMap<K, V>, key: K): V;
export function required<V>(record: Readonly<Partial<Record<string, V>>>, key: string): V;
export function required<V>(from: ReadonlyMap<unknown, V> | Readonly<Partial<Record<string, V>>>, key: unknown): V {
  const value = isMap(from) ? from.get(key) : from[String(key)];
  if (value === undefined) throw new Error(`there is no ${String(key)}`);
  return value;
}

function isMap<V>(
  from: ReadonlyMap<unknown, V> | Readonly<Partial<Record<string, V>>>,
): from is ReadonlyMap<unknown, V> {
  return from instanceof Map;
}
