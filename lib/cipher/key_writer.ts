import { SpikeError } from "../error/error.ts";
import {
  KEY_ID_BYTES,
  type Keyring,
  type RandomSource,
  RENEW_AT,
  resumeBudget,
  SEAL_LIMIT,
} from "../seal/mod.ts";
import type { SealBudget } from "../secret/mod.ts";
import type { Store, StoreTx } from "../store/port.ts";
import { ENCRYPTION_BLOCK } from "./budget.ts";
import { type KeyHead, newestVersion, openKeyHead, sealKeyHead } from "./key_head.ts";
import { keyRowName, parseKeyName } from "./key_name.ts";
import { newKeyRow } from "./key_wrap.ts";

/** Most named keys of a store. */
export const MAX_KEYS = 1000;
/** Most versions of a named key; the header of a ciphertext has room for more. */
export const MAX_KEY_VERSIONS = 4096;
/** `createdBy` of a version that automatic renewal created. */
export const RENEWED = "renewal by use";

/** The key to change, and the caller. */
export interface KeyChange {
  /** Name of the key. */
  readonly name: string;
  /** SPIFFE ID of the caller. */
  readonly author: string;
}

/** Settings of a key; absent ones stay unchanged. */
export interface KeySettings extends KeyChange {
  /** The lowest version that still decrypts. */
  readonly minVersion?: number;
  /** Whether the key is retired: it then neither encrypts nor decrypts. */
  readonly isRetired?: boolean;
}

/**
 * Creates and changes named cipher keys.
 *
 * @throws {SpikeError} all methods reject with `api_bad_request` for a malformed name, `api_not_found` for a key that
 * does not exist, and `state_integrity_check` for one that is not what was stored
 */
export interface KeyWriter {
  /** Rejects with `entity_conflict` when the name is in use. */
  create(change: KeyChange): Promise<KeyHead>;
  /** Adds a version, which encrypts from then on. */
  rotate(change: KeyChange): Promise<KeyHead>;
  /** Sets the lowest version and whether the key is retired. Rejects with `api_bad_request` for a version out of range. */
  set(settings: KeySettings): Promise<KeyHead>;
  /**
   * Durably counts one block of encryptions under a version as spent; returns its size and whether a new version is due.
   *
   * @throws {SpikeError} `state_not_ready` when the version has reached its limit (NIST SP 800-38D section 8.3)
   */
  reserve(name: string, version: number): Promise<{ count: number; isRenewalDue: boolean }>;
}

/** What a writer works with. */
export interface KeyWriterOptions {
  /** Holds the rows of the keys. */
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

/** A head, and a fresh key for its newest version, seal once each under the KEK. */
const SEALS = 2;

/** Makes the writer; a store has one. */
export function createKeyWriter(options: KeyWriterOptions): KeyWriter {
  return {
    create: (change) => create(options, change),
    rotate: (change) => rotate(options, change),
    set: (settings) => set(options, settings),
    reserve: (name, version) => reserve(options.store, name, version),
  };
}

/** One change of one key, inside its transaction. */
interface Scene extends KeyChange {
  readonly options: KeyWriterOptions;
  readonly tx: StoreTx;
  readonly kekGeneration: number;
  readonly nowMs: number;
}

async function change<T>(
  options: KeyWriterOptions,
  { name, author }: KeyChange,
  work: (scene: Scene) => Promise<T>,
): Promise<T> {
  parseKeyName(name);
  const kekGeneration = await options.budget.take(SEALS);
  return await options.store.write((tx) =>
    work({ options, tx, name, author, kekGeneration, nowMs: options.clock() })
  );
}

function create(options: KeyWriterOptions, keyChange: KeyChange): Promise<KeyHead> {
  return change(options, keyChange, async (scene) => {
    const { tx, name, author, nowMs } = scene;
    if (await tx.keyHead(name)) {
      throw new SpikeError("entity_conflict", `Cipher key ${name} already exists`, {
        hint: "Choose another name, or rotate the existing key",
        reason: "key_exists",
      });
    }
    if ((await tx.keyHeads()).length >= MAX_KEYS) {
      throw new SpikeError(
        "entity_conflict",
        `The store has ${MAX_KEYS} cipher keys, no more are allowed`,
        {
          reason: "keys_full",
        },
      );
    }
    const id = options.random(KEY_ID_BYTES);
    const none = { name, id, minVersion: 1, isRetired: false, versions: [] };
    const head = { ...none, revision: tx.revision, updatedMs: nowMs, updatedBy: author };
    return await addVersion(scene, head);
  });
}

function rotate(options: KeyWriterOptions, keyChange: KeyChange): Promise<KeyHead> {
  return change(options, keyChange, async (scene) => {
    const head = await present(scene);
    if (newestVersion(head) >= MAX_KEY_VERSIONS) {
      throw new SpikeError(
        "entity_conflict",
        `Cipher key ${scene.name} has ${MAX_KEY_VERSIONS} versions, no more are allowed`,
        { hint: "Create another key", reason: "versions_full" },
      );
    }
    return await addVersion(scene, head);
  });
}

function set(options: KeyWriterOptions, { minVersion, isRetired, ...keyChange }: KeySettings) {
  return change(options, keyChange, async (scene) => {
    const head = await present(scene);
    const newest = newestVersion(head);
    if (minVersion !== undefined && !(minVersion >= 1 && minVersion <= newest)) {
      throw new SpikeError(
        "api_bad_request",
        `Minimum version is ${minVersion}, expected 1 to ${newest}`,
        {
          hint: "To disable all current versions, rotate the key first",
          reason: "lowest_version",
        },
      );
    }
    const changed = {
      ...head,
      minVersion: minVersion ?? head.minVersion,
      isRetired: isRetired ?? head.isRetired,
    };
    return await keep(scene, changed);
  });
}

/** The current head of the key. Throws `api_not_found`. */
async function present({ options, tx, name }: Scene): Promise<KeyHead> {
  const row = await tx.keyHead(name);
  if (row === undefined) throw noSuchKey(name);
  return openKeyHead(options.keyring, row);
}

async function addVersion(scene: Scene, head: KeyHead): Promise<KeyHead> {
  const { options, tx, kekGeneration, author, nowMs } = scene;
  const number = newestVersion(head) + 1;
  const at = { name: keyRowName(head.name), version: number, kekGeneration };
  if (await tx.key(at.name, number)) {
    throw new SpikeError(
      "state_integrity_check",
      `Version ${number} of cipher key ${head.name} is already stored, but its head does not list it`,
      { hint: "An older head was restored; compare with a backup" },
    );
  }
  await tx.putKey(newKeyRow(options.keyring, { ...at, createdAtMs: nowMs }, options.random));
  const version = { number, createdMs: nowMs, createdBy: author };
  return await keep(scene, { ...head, versions: [...head.versions, version] });
}

async function keep(
  { options, tx, kekGeneration, author, nowMs }: Scene,
  changed: KeyHead,
): Promise<KeyHead> {
  const head = { ...changed, revision: tx.revision, updatedMs: nowMs, updatedBy: author };
  await tx.putKeyHead(sealKeyHead(options.keyring, head, kekGeneration, options.random));
  return head;
}

async function reserve(store: Store, name: string, version: number) {
  const reserved = await reserveBlock(store, keyRowName(parseKeyName(name)), version);
  return { count: ENCRYPTION_BLOCK, isRenewalDue: reserved >= RENEW_AT };
}

/** Adds one block to a key's count and returns the new total, which is within the limit. */
export async function reserveBlock(store: Store, row: string, version: number): Promise<number> {
  return await store.write(async (tx) => {
    const reserved = await tx.reserveKeySeals(row, version, ENCRYPTION_BLOCK);
    // A count beyond the limit was modified outside Nexus.
    resumeBudget(reserved - ENCRYPTION_BLOCK);
    if (reserved <= SEAL_LIMIT) return reserved;
    throw new SpikeError(
      "state_not_ready",
      `Version ${version} of the cipher key has reached its limit of ${SEAL_LIMIT} encryptions`,
      { hint: "Rotate the key; what was encrypted stays readable", reason: "key_used_up" },
    );
  });
}

/** The error for a key that does not exist. */
export function noSuchKey(name: string): SpikeError {
  return new SpikeError("api_not_found", `Cipher key ${JSON.stringify(name)} does not exist`);
}
