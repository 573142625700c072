import { sha256 } from "@noble/hashes/sha2.js";
import { parsePolicy, parsePolicyName, type Policy, type PolicyDraft } from "../policy/mod.ts";
import type { Keyring, RandomSource } from "../seal/mod.ts";
import type { SealBudget } from "../secret/mod.ts";
import type { Store, StoreTx } from "../store/port.ts";
import { openPolicy, requirePast, sealPolicy } from "./sealer.ts";

/** A policy to be stored, and by whom. */
export interface PolicyPut extends PolicyDraft {
  /** SPIFFE ID of the caller. */
  readonly author: string;
}

/** What is handed to `record`, to be stored in the same transaction. */
export interface PolicyMutation {
  readonly action: "put" | "delete";
  readonly name: string;
  readonly author: string;
  readonly revision: number;
  /** SHA-256 of the sealed policy as stored; absent when it was removed. */
  readonly rowDigest?: Uint8Array;
}

/** Changes policies. */
export interface PolicyWriter {
  /**
   * Inserts or replaces the policy of that name, which keeps its time of creation. Rejects with `api_bad_request`
   * as `parsePolicy` does, and with `state_integrity_check` when the row to be replaced is not what was stored.
   */
  put(policy: PolicyPut): Promise<Policy>;
  /**
   * Removes a policy, be it damaged or not; false when there is none. Rejects with `api_bad_request` for what
   * cannot be a name.
   */
  delete(request: { readonly name: string; readonly author: string }): Promise<boolean>;
}

/** What a writer works with. */
export interface PolicyWriterOptions {
  readonly store: Store;
  readonly keyring: Keyring;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: RandomSource;
  /** Shared by all who seal under a KEK. */
  readonly budget: SealBudget;
  /** Called inside each transaction that changed something; when it rejects, nothing is stored. */
  readonly record?: (tx: StoreTx, mutation: PolicyMutation) => Promise<void>;
}

/** Makes the writer; a store has one. */
export function createPolicyWriter(options: PolicyWriterOptions): PolicyWriter {
  return {
    put: (request) => put(options, request),
    delete: (request) => remove(options, request),
  };
}

async function put(options: PolicyWriterOptions, { author, ...draft }: PolicyPut): Promise<Policy> {
  const { store, keyring, clock, random, budget } = options;
  const { policy } = parsePolicy(draft);
  const { name } = policy;
  const kekGeneration = await budget.take(1);
  return await store.write(async (tx) => {
    const { revision } = tx;
    const before = await tx.policy(name);
    if (before) requirePast(before, revision);
    const nowMs = clock();
    const created = before ? openPolicy(keyring, before) : { createdMs: nowMs, createdBy: author };
    const { createdMs, createdBy } = created;
    const times = { createdMs, createdBy, updatedMs: nowMs, updatedBy: author };
    const row = sealPolicy(keyring, { ...policy, revision, ...times }, kekGeneration, random);
    await tx.putPolicy(row);
    const rowDigest = sha256(row.sealed);
    await options.record?.(tx, { action: "put", name, author, revision, rowDigest });
    return policy;
  });
}

async function remove(
  options: PolicyWriterOptions,
  { name, author }: { readonly name: string; readonly author: string },
): Promise<boolean> {
  parsePolicyName(name);
  return await options.store.write(async (tx) => {
    const { revision } = tx;
    const isThere = await tx.deletePolicy(name);
    if (isThere) await options.record?.(tx, { action: "delete", name, author, revision });
    return isThere;
  });
}
