/** Runs the given functions one after another, in the order of the calls. Settles as `work` does. */
export type Serial = <T>(work: () => Promise<T>) => Promise<T>;

/** Creates an independent queue. A failure does not block the functions after it. */
export function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
