const encoder = new TextEncoder();

/**
 * Whether `a` comes before `b` bytewise, in UTF-8. Differs from comparing the strings themselves only where
 * surrogate pairs meet characters from U+E000 on.
 */
export function isBefore(a: string, b: string): boolean {
  return compareBytewise(a, b) < 0;
}

/** For sorting bytewise, see {@linkcode isBefore}. */
export function compareBytewise(a: string, b: string): number {
  const [x, y] = [encoder.encode(a), encoder.encode(b)];
  const shared = Math.min(x.length, y.length);
  for (let i = 0; i < shared; i++) {
    const difference = (x[i] ?? 0) - (y[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}
