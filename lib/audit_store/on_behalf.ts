import { type Call, inCall } from "../audit/mod.ts";

/**
 * A method that changes the store for a caller. All writes of `work` are recorded with the call, and `author` is who
 * made it.
 */
export function onBehalf<I extends { readonly call: Call }, T>(
  work: (input: Omit<I, "call"> & { readonly author: string }) => Promise<T>,
): (input: I) => Promise<T> {
  return ({ call, ...input }) => inCall(call, () => work({ ...input, author: call.id }));
}
