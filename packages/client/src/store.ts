/** Something that changes: an immutable snapshot and a way to be told when there is a new one. */
export interface Store<T> {
  getSnapshot(): T;
  /** Returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void;
}

/** A store together with the right to change it; kept by its owner, handed out as `Store`. */
export interface WritableStore<T> extends Store<T> {
  /** Listeners are told only where `isEqual` finds a difference. */
  set(next: T): void;
}

export function createStore<T>(initial: T, isEqual: (a: T, b: T) => boolean = Object.is): WritableStore<T> {
  let snapshot = initial;
  const listeners = new Set<() => void>();
  return {
    getSnapshot: () => snapshot,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(next) {
      if (isEqual(snapshot, next)) return;
      snapshot = next;
      for (const listener of [...listeners]) listener();
    },
  };
}

/** Field by field equality of two flat objects: enough for the snapshots of this package. */
export function isShallowEqual<T extends object>(a: T, b: T): boolean {
  const keys = Object.keys(a) as (keyof T)[];
  return keys.length === Object.keys(b).length && keys.every(key => Object.is(a[key], b[key]));
}
