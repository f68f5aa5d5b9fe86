/** Values made when first used, so that loading this package costs little. */

/** A function that calls `make` once, at its first call. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/**
 * An object that stands for the one `load` returns. It is loaded when one of its properties is first asked for; from
 * then on that costs some ten nanoseconds more than asking the object itself.
 */
export function lazy<T extends object>(load: () => T): T {
  const real = once(load);
  return new Proxy({} as T, {
    get: (_, key) => Reflect.get(real(), key) as unknown,
    set: (_, key, value) => Reflect.set(real(), key, value),
    has: (_, key) => Reflect.has(real(), key),
    ownKeys: () => Reflect.ownKeys(real()),
    getOwnPropertyDescriptor(_, key) {
      const property = Reflect.getOwnPropertyDescriptor(real(), key);
      // The proxied object has no properties: a proxy may only report configurable ones for it.
      return property && { ...property, configurable: true };
    },
  });
}
