/** Runs what it is given one after another: the key's life is changed by one event at a time. */
export type Serial = <T>(work: () => Promise<T>) => Promise<T>;

/** A queue of its own. What fails does not hold up what comes after it. */
export function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
