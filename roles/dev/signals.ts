const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The wish of somebody outside that this process ends. */
export interface Interruption extends Disposable {
  /** Resolves with the first signal. */
  readonly happened: Promise<void>;
}

/** Listens for the signals that end a process. A second one ends it at once, and its children with it. */
export function listenForSignals(): Interruption {
  const happened = Promise.withResolvers<void>();
  let isSecond = false;
  const listener = () => {
    if (isSecond) Deno.exit(130);
    isSecond = true;
    happened.resolve();
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, listener);
  return {
    happened: happened.promise,
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, listener);
    },
  };
}
