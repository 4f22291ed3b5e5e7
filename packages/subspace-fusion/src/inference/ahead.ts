/**
 * Loads items in their order, one ahead: while the caller works on one, the next is on its way.
 * An error comes out where its item would have; later items are then not loaded.
 */
export async function* ahead<T, R>(items: Iterable<T>, load: (item: T) => Promise<R>): AsyncGenerator<R, void> {
  let coming: Promise<R> | undefined;
  for (const item of items) {
    const next = load(item);
    next.catch(() => undefined); // it is awaited in its turn, or never if the caller stops before
    if (coming) yield await coming;
    coming = next;
  }
  if (coming) yield await coming;
}
