import { setImmediate } from "node:timers";
import { fromPlainFailure, type PlainFailure, plainFailure } from "./plain_failure.ts";

/** An interface whose methods may be called from another thread. */
/** Methods that answer promises, so that they can be called in another thread. */
export type Callable<T> = { [K in keyof T]: (...args: never[]) => Promise<unknown> };

/** The names of the methods of an interface. A missing or extra name does not compile. */
export function methodsOf<T>(
  names: { readonly [K in keyof T]: true },
): readonly (keyof T & string)[] {
  return Object.keys(names) as (keyof T & string)[];
}

interface RemoteCall {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type Result =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: PlainFailure };

/**
 * Collects what is posted in one turn of the event loop into one message: a message between threads costs
 * about as much as ten calls, so under load this is what makes the port cheap.
 */
function createBatch<T>(
  port: MessagePort,
  onUncloneable: (item: T, why: unknown) => void,
): (item: T) => void {
  let waiting: T[] = [];
  return (item) => {
    if (waiting.push(item) > 1) return;
    setImmediate(() => {
      const batch = waiting;
      waiting = [];
      try {
        port.postMessage(batch);
      } catch {
        // One item that cannot cross a thread boundary must not drop the others of its turn.
        for (const item of batch) postAlone(port, item, onUncloneable);
      }
    });
  };
}

function postAlone<T>(port: MessagePort, item: T, onUncloneable: (item: T, why: unknown) => void) {
  try {
    port.postMessage([item]);
  } catch (error) {
    onUncloneable(item, error);
  }
}

/**
 * Answers calls that come over `port` with the methods of `target`. Only the methods named can be called.
 */
export function exposeCalls<T extends Callable<T>>(
  port: MessagePort,
  target: T,
  names: readonly (keyof T & string)[],
): void {
  const reply = createBatch<Result>(
    port,
    ({ id }, error) => reply({ id, failure: plainFailure(error) }),
  );
  const allowed = new Set<string>(names);
  const answer = async ({ id, name, args }: RemoteCall): Promise<Result> => {
    try {
      if (!allowed.has(name)) throw new Error(`No method ${name} is exposed`);
      const method = target[name as keyof T] as unknown as (
        ...args: readonly unknown[]
      ) => Promise<unknown>;
      return { id, value: await method.apply(target, [...args]) };
    } catch (error) {
      return { id, failure: plainFailure(error) };
    }
  };
  port.onmessage = ({ data }: MessageEvent<readonly RemoteCall[]>) => {
    for (const call of data) void answer(call).then(reply);
  };
}

/** The other end of `exposeCalls`: each method named posts its arguments and waits for the result. */
export function remoteCalls<T extends Callable<T>>(
  port: MessagePort,
  names: readonly (keyof T & string)[],
): T {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const post = createBatch<RemoteCall>(port, ({ id }, error) => {
    waiting.get(id)?.reject(error);
    waiting.delete(id);
  });
  let lastId = 0;
  port.onmessage = ({ data }: MessageEvent<readonly Result[]>) => {
    for (const result of data) {
      const call = waiting.get(result.id);
      waiting.delete(result.id);
      if ("failure" in result) call?.reject(fromPlainFailure(result.failure));
      else call?.resolve(result.value);
    }
  };
  const remote: Record<string, (...args: unknown[]) => Promise<unknown>> = {};
  for (const name of names) {
    remote[name] = (...args) => {
      const call = Promise.withResolvers<unknown>();
      const id = ++lastId;
      waiting.set(id, call);
      post({ id, name, args });
      return call.promise;
    };
  }
  return remote as unknown as T;
}
