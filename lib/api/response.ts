/** Headers of answers, encodings of shards, and bodies of errors. */
import type { ErrorCode } from "../error/error.ts";
import { type Operation, OPERATIONS } from "./operation/mod.ts";

/** Headers of every JSON answer, besides its length. */
export const RESPONSE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  "cache-control": "no-store, no-cache, must-revalidate, private",
  "pragma": "no-cache",
  "expires": "0",
};

/** A shard as it travels: 32 numbers. */
export function encodeShard(shard: Uint8Array): number[] {
  return [...shard];
}

/** Recovery shards as they travel: by decimal index. */
export function encodeShards(
  shards: readonly { readonly index: number; readonly bytes: Uint8Array }[],
): Record<string, number[]> {
  return Object.fromEntries(shards.map(({ index, bytes }) => [String(index), encodeShard(bytes)]));
}

/** Body of an error: the operation's zero answer and the code; for an unknown route only the code. */
export function errorBody(operation: Operation | undefined, failure: { code: ErrorCode }): string {
  // The error member of this one answer has always been spelled with a capital.
  const member = operation === "keeper.shard" ? "Err" : "err";
  return JSON.stringify({ ...(operation && OPERATIONS[operation].zero), [member]: failure.code });
}
