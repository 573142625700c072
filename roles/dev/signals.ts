const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** Sent when a terminal closes, and by whoever has rotated logs. */
const HANG_UP = "SIGHUP";

/** The wish of somebody outside that this process ends. */
export interface Interruption extends Disposable {
  /** Resolves with the first signal. */
  readonly happened: Promise<void>;
  /** Called when somebody asks to open files anew; this process then goes on. */
  onHangUp(handler: () => void): void;
}

/**
 * Listens for the signals that end a process. A second one ends it at once, and its children with it. A hang-up ends
 * it only where its terminal is gone, since nobody is there any more to do it.
 */
export function listenForSignals(): Interruption {
  const happened = Promise.withResolvers<void>();
  const hadTerminal = Deno.stdin.isTerminal();
  let isSecond = false;
  let handler: (() => void) | undefined;
  const end = () => {
    if (isSecond) Deno.exit(130);
    isSecond = true;
    happened.resolve();
  };
  const hangUp = () => hadTerminal && !Deno.stdin.isTerminal() ? end() : handler?.();
  for (const signal of SIGNALS) Deno.addSignalListener(signal, end);
  Deno.addSignalListener(HANG_UP, hangUp);
  return {
    happened: happened.promise,
    onHangUp: (given) => void (handler = given),
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, end);
      Deno.removeSignalListener(HANG_UP, hangUp);
    },
  };
}
