import { AsyncLocalStorage } from "node:async_hooks";
import type { Call } from "./call.ts";

const calls = new AsyncLocalStorage<Call>();

/** Does `work` on behalf of a call: whatever it writes to the store is recorded with it, in the same transaction. */
export function inCall<T>(call: Call, work: () => T): T {
  return calls.run(call, work);
}

/** The call that the running code works for; undefined for work that the process starts on its own. */
export function currentCall(): Call | undefined {
  return calls.getStore();
}
