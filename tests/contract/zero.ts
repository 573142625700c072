/** What each route answers besides the code when it refuses: its answer with nothing in it (wire-api 3). */
import type { Operation } from "../../lib/api/mod.ts";

const ZERO_TIME = "0001-01-01T00:00:00Z";

/** The body of a refusal without its code, by operation. */
export const ZERO: Readonly<Record<Operation, Readonly<Record<string, unknown>>>> = {
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

/** The whole body of a refusal. */
export function refusal(operation: Operation, code: string): Record<string, unknown> {
  // The error member of this one answer is spelled with a capital.
  return { ...ZERO[operation], [operation === "keeper.shard" ? "Err" : "err"]: code };
}

/** Status and body of a request that is not one. */
export function badRequest(operation: Operation): readonly [number, unknown] {
  return [400, refusal(operation, "api_bad_request")];
}

/** Status and body for a caller who may not. */
export function denied(operation: Operation): readonly [number, unknown] {
  return [401, refusal(operation, "access_unauthorized")];
}

/** Status and body for what does not exist. */
export function notFound(operation: Operation): readonly [number, unknown] {
  return [404, refusal(operation, "api_not_found")];
}
