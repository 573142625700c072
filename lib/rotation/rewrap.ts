import { keyPlace } from "../cipher/key_wrap.ts";
import {
  type Keyring,
  openRecord,
  type RandomSource,
  type SealBinding,
  sealRecord,
  type Table,
  unwrapDataKey,
  wrapDataKey,
} from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import { isDamage } from "../seal/damage.ts";
import type { SealBudget } from "../secret/mod.ts";
import { keyPlace as dataKeyPlace } from "../secret/value_seal.ts";
import type { KeyRow, SealKind, Store, StoreTx } from "../store/port.ts";

/** Kinds of rows that a KEK seals. */
export type Rewrapped = "head" | "version" | "policy" | "key" | "keyHead";

/** Result of re-wrapping one generation. */
export interface RewrapResult {
  /** Number of rows sealed under the newest generation, by kind. */
  readonly done: Readonly<Record<Rewrapped, number>>;
  /** Rows that are not what was stored; they stay under the old generation, which therefore cannot be removed. */
  readonly damaged: readonly string[];
}

/** Dependencies of {@linkcode rewrapGeneration}. */
export interface RewrapOptions {
  /** Holds the rows. */
  readonly store: Store;
  /** Holds both generations. */
  readonly keyring: Keyring;
  /** Shared by all who seal under a KEK. */
  readonly budget: SealBudget;
  /** Source of nonces. */
  readonly random: RandomSource;
  /** Waits between two transactions, so that other writes run; a rejection ends the work. */
  readonly pause: (tookMs: number) => Promise<void>;
}

/** Rows of one transaction: few, since later transactions wait for it. */
const BATCH = 16;

/**
 * Seals every row of one older generation again under the newest one. A head and a policy are resealed as a whole, a
 * version only by its wrapped data key: values stay unchanged.
 */
export async function rewrapGeneration(
  options: RewrapOptions,
  generation: number,
): Promise<RewrapResult> {
  const done = { head: 0, version: 0, policy: 0, key: 0, keyHead: 0 };
  const damaged: string[] = [];
  for await (const task of tasksOf(options.store, generation)) {
    const startedAt = performance.now();
    const outcome = await runTask(options, generation, task);
    done[task.kind] += outcome.done;
    damaged.push(...outcome.damaged);
    await options.pause(performance.now() - startedAt);
  }
  return { done, damaged };
}

/** Some rows of one kind, for one transaction. */
interface Task {
  readonly kind: Rewrapped;
  readonly rows: readonly { readonly name: string; readonly version: number }[];
}

/** Few rows of keys and policies, perhaps very many of secrets. */
async function* tasksOf(store: Store, generation: number): AsyncGenerator<Task> {
  const isOld = (row: { readonly kekGeneration: number }) => row.kekGeneration === generation;
  yield* batches("key", (await store.keys()).filter(isOld));
  yield* batches("keyHead", (await store.keyHeads()).filter(isOld));
  yield* batches("policy", (await store.policies()).rows.filter(isOld));
  yield* sealedPaths(store, "version", generation);
  yield* sealedPaths(store, "head", generation);
}

function* batches(
  kind: Rewrapped,
  rows: readonly { readonly name: string; readonly version?: number }[],
): Generator<Task> {
  for (let at = 0; at < rows.length; at += BATCH) {
    const some = rows.slice(at, at + BATCH);
    yield { kind, rows: some.map(({ name, version = 0 }) => ({ name, version })) };
  }
}

async function* sealedPaths(
  store: Store,
  kind: SealKind,
  generation: number,
): AsyncGenerator<Task> {
  for (let after = 0;;) {
    const page = await store.sealedUnder({ kind, generation, after, limit: BATCH });
    if (page.length === 0) return;
    yield { kind, rows: page.map(({ path, version }) => ({ name: path, version })) };
    if (page.length < BATCH) return;
    after = page.at(-1)?.at ?? after;
  }
}

async function runTask(
  options: RewrapOptions,
  from: number,
  { kind, rows }: Task,
): Promise<{ done: number; damaged: string[] }> {
  const to = await options.budget.take(rows.length);
  if (to === from) throw new Error(`Generation ${from} is the one that seals`);
  return await options.store.write(async (tx) => {
    let done = 0;
    const damaged: string[] = [];
    for (const { name, version } of rows) {
      try {
        if (await RESEAL[kind]({ ...options, tx, from, to, name, version })) done++;
      } catch (reason) {
        if (!isDamage(reason)) throw reason;
        damaged.push(version === 0 ? `${kind} ${name}` : `${kind} ${version} of ${name}`);
      }
    }
    return { done, damaged };
  });
}

/** One row on its way from one generation to another, inside a transaction. */
interface Step extends RewrapOptions {
  readonly tx: StoreTx;
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly version: number;
}

/** Each returns false for a row that has left the generation, or the store, in the meantime. */
const RESEAL: Readonly<Record<Rewrapped, (step: Step) => Promise<boolean>>> = {
  async head(step) {
    const row = await step.tx.head(step.name);
    if (row?.kekGeneration !== step.from) return false;
    const sealed = resealed(step, "head", row.sealed);
    await step.tx.putHead({ ...row, kekGeneration: step.to, sealed });
    return true;
  },
  async version(step) {
    const { tx, keyring, name: path, version, from, to, random } = step;
    const row = await tx.wrapping(path, version);
    if (row?.kekGeneration !== from) return false;
    const place = { storeId: keyring.storeId, path, version };
    const key = unwrapDataKey(keyring.kek(from), dataKeyPlace(place, from), row.wrappedKey);
    try {
      const wrappedKey = wrapDataKey(keyring.kek(to), dataKeyPlace(place, to), key, random);
      return await tx.rewrapVersion(path, version, { kekGeneration: to, wrappedKey });
    } finally {
      wipe(key);
    }
  },
  async policy(step) {
    const row = await step.tx.policy(step.name);
    if (row?.kekGeneration !== step.from) return false;
    const sealed = resealed(step, "policy", row.sealed);
    await step.tx.putPolicy({ ...row, kekGeneration: step.to, sealed });
    return true;
  },
  async keyHead(step) {
    const row = await step.tx.keyHead(step.name);
    if (row?.kekGeneration !== step.from) return false;
    const sealed = resealed(step, "keyhead", row.sealed);
    await step.tx.putKeyHead({ ...row, kekGeneration: step.to, sealed });
    return true;
  },
  async key({ tx, keyring, name, version, from, to, random }) {
    const row = await tx.key(name, version);
    if (row?.kekGeneration !== from) return false;
    await tx.putKey(rewrapKeyRow(keyring, row, to, random));
    return true;
  },
};

function rewrapKeyRow(keyring: Keyring, row: KeyRow, to: number, random: RandomSource): KeyRow {
  const key = unwrapDataKey(keyring.kek(row.kekGeneration), keyPlace(keyring, row), row.wrapped);
  try {
    const place = keyPlace(keyring, { ...row, kekGeneration: to });
    const wrapped = wrapDataKey(keyring.kek(to), place, key, random);
    return { ...row, kekGeneration: to, wrapped };
  } finally {
    wipe(key);
  }
}

/** The same plaintext, whatever its format, in the same place under the other generation. */
function resealed(step: Step, table: Table, sealed: Uint8Array): Uint8Array {
  const { keyring, name, from, to, random } = step;
  const place = (kekGeneration: number): SealBinding => {
    return { storeId: keyring.storeId, table, path: name, version: 0, kekGeneration };
  };
  const plaintext = openRecord(keyring.kek(from), place(from), sealed);
  try {
    return sealRecord(keyring.kek(to), place(to), plaintext, random);
  } finally {
    wipe(plaintext);
  }
}
