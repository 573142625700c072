/** What servers answer: headers, encodings of times and shards, and the bodies of refusals. */
import type { ErrorCode } from "../error/error.ts";
import type { Operation } from "./request.ts";

/** Headers of every JSON answer, besides its length. */
export const RESPONSE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  "cache-control": "no-store, no-cache, must-revalidate, private",
  "pragma": "no-cache",
  "expires": "0",
};

/** Go's zero time. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/** RFC 3339 in UTC, the fraction without trailing zeros, as Go writes it. `ms` counts from the epoch. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0+Z$/, "Z");
}

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

/** What an answer holds when there is nothing to tell, apart from the error. */
const ZERO: Readonly<Record<Operation, Readonly<Record<string, unknown>>>> = {
  "secret.put": {},
  "secret.get": { data: null },
  "secret.delete": {},
  "secret.undelete": {},
  "secret.list": { keys: null },
  "secret.batch": { secrets: null },
  "secret.destroy": {},
  "secret.purge": {},
  "secret.copy": {},
  "secret.move": {},
  "secret.setMetadata": {},
  "secret.metadata": {
    metadata: {
      currentVersion: 0,
      oldestVersion: 0,
      createdTime: ZERO_TIME,
      updatedTime: ZERO_TIME,
      maxVersions: 0,
    },
  },
  "policy.put": {},
  "policy.get": {
    id: "",
    name: "",
    spiffiedPattern: "",
    spiffeidPattern: "",
    pathPattern: "",
    permissions: null,
    createdAt: ZERO_TIME,
    updatedAt: ZERO_TIME,
  },
  "policy.delete": {},
  "policy.list": { policies: null },
  "policy.explain": {},
  "policy.whoCan": {},
  "cipher.encrypt": { version: 0, nonce: null, ciphertext: null },
  "cipher.decrypt": { plaintext: null },
  "cipher.key.create": {},
  "cipher.key.rotate": {},
  "cipher.key.set": {},
  "cipher.key.list": { keys: null },
  "cipher.key.rewrap": { version: 0, nonce: null, ciphertext: null },
  "status": {},
  "operator.backup": {},
  "operator.backup.confirm": {},
  "operator.kek.list": { keks: null },
  "operator.kek.rotate": { keks: null },
  "audit.tail": {},
  "audit.export": {},
  "operator.verify": {},
  "operator.recover": { shards: null },
  "operator.confirm": {},
  "operator.manifest": {},
  "operator.restore": { collected: 0, remaining: 0, restored: false },
  "operator.seal": {},
  "operator.unseal": {},
  "operator.refresh": {},
  "operator.reshare": {},
  "operator.rotate-root": {},
  "bootstrap.verify": { hash: "" },
  "keeper.contribute": {},
  "keeper.shard": { shard: null },
};

/** Body of a refusal: the operation's zero answer and the code; for an unknown route only the code. */
export function errorBody(operation: Operation | undefined, failure: { code: ErrorCode }): string {
  // The error member of this one answer has always been spelled with a capital.
  const member = operation === "keeper.shard" ? "Err" : "err";
  return JSON.stringify({ ...(operation && ZERO[operation]), [member]: failure.code });
}
