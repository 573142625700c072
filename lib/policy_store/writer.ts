import { parsePolicy, parsePolicyName, type Policy, type PolicyDraft } from "../policy/mod.ts";
import type { Keyring, RandomSource } from "../seal/mod.ts";
import type { SealBudget } from "../secret/mod.ts";
import type { Store } from "../store/port.ts";
import { openPolicy, requirePast, sealPolicy } from "./sealer.ts";

/** A policy to store, and its author. */
export interface PolicyPut extends PolicyDraft {
  /** SPIFFE ID of the caller. */
  readonly author: string;
}

/** Changes policies. */
export interface PolicyWriter {
  /**
   * Inserts or replaces the policy of that name. A replaced policy keeps its time of creation.
   *
   * @throws {SpikeError} `api_bad_request` as `parsePolicy` does; `state_integrity_check` when the row to be replaced is
   * not what was stored
   */
  put(policy: PolicyPut): Promise<Policy>;
  /**
   * Removes a policy, also a damaged one; false when it does not exist.
   *
   * @throws {SpikeError} `api_bad_request` for a malformed name
   */
  delete(name: string): Promise<boolean>;
}

/** What a writer works with. */
export interface PolicyWriterOptions {
  /** Receives the rows of the policies. */
  readonly store: Store;
  /** Seals and opens the rows. */
  readonly keyring: Keyring;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Source of random bytes. */
  readonly random: RandomSource;
  /** Shared by all who seal under a KEK. */
  readonly budget: SealBudget;
}

/** Creates the writer; a store has one. */
export function createPolicyWriter(options: PolicyWriterOptions): PolicyWriter {
  return {
    put: (request) => put(options, request),
    delete: (name) => remove(options, name),
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
    await tx.putPolicy(
      sealPolicy(keyring, { ...policy, revision, ...times }, kekGeneration, random),
    );
    return policy;
  });
}

async function remove(
  options: PolicyWriterOptions,
  name: string,
): Promise<boolean> {
  parsePolicyName(name);
  return await options.store.write((tx) => tx.deletePolicy(name));
}
