import { SpikeError } from "../../lib/api/error.ts";
import {
  agree,
  type Candidate,
  rebuild,
  type Rebuilt,
  type ShardSet,
  shardsOf,
  type ShardStamp,
  type StampedShard,
} from "../../lib/recovery/mod.ts";
import {
  answerProbe,
  deriveStorageKey,
  deriveVerifyKey,
  keyCheckValue,
  type KeySlots,
  type LockedKeyring,
  matchesKeyCheck,
  newKey,
  type RandomSource,
  unwrapKek,
  wipe,
  wrapKek,
} from "../../lib/seal/mod.ts";
import type { Store, StoreMeta } from "../../lib/store/mod.ts";
import { shardCommitment } from "../../lib/shamir/mod.ts";
import type { Logger } from "../../lib/telemetry/mod.ts";
import { LockedKeyring as Keyring } from "../../lib/seal/mod.ts";
import type { SharedPage } from "./page.ts";

/** The one slot of the control's own region. */
const ROOT = 0;

export interface KeyControlOptions {
  readonly store: Store;
  readonly page: SharedPage;
  /** One slot for the root key; no other thread has this region. */
  readonly rootSlots: KeySlots;
  /** Slots of the KEKs, shared with the request workers. */
  readonly kekSlots: KeySlots;
  readonly threshold: number;
  readonly shares: number;
  readonly acceptEmptyStore: boolean;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly log: Logger;
}

/** What is known of the root key that is held. */
interface Held {
  readonly set: ShardSet;
  /** Absent while provisional. */
  readonly storeId?: Uint8Array;
}

/**
 * Holds the root key and decides what it may be used for.
 *
 * Life: waiting → (first start) provisional, until Bootstrap's proof → ready; or waiting → (a store exists)
 * ready. Waiting ⇄ database_lost, when an empty store meets keepers of another. Ready → waiting when a newer
 * Nexus of the same store has pushed a later generation. A key counts only once its check value matches.
 */
export class KeyControl {
  readonly #options: KeyControlOptions;
  #held: Held | undefined;
  #keyring: LockedKeyring | undefined;
  /** Store of which an operator has said that its data are given up. */
  #replaces: Uint8Array | undefined;

  constructor(options: KeyControlOptions) {
    this.#options = options;
  }

  /** The keyring of the present store. Throws `root_key_missing` unless ready. */
  get keyring(): LockedKeyring {
    if (!this.#keyring) throw new SpikeError("root_key_missing", "No root key is loaded");
    return this.#keyring;
  }

  get replaces(): Uint8Array | undefined {
    return this.#replaces;
  }

  /** Generation of the shard set in force, once a key is held. */
  get generation(): number | undefined {
    return this.#held?.set.generation;
  }

  /** A memory store starts with keys of its own that live as long as the process; there are no keepers. */
  async startEphemeral(): Promise<void> {
    this.#options.rootSlots.slot(ROOT).set(this.#options.random(32));
    await this.#createStore({
      scheme: "gf256",
      setId: this.#options.random(16),
      generation: 1,
      threshold: 1,
      shares: 1,
    });
  }

  /** Judges what keepers gave. True when that changed the state from waiting. */
  async offer(candidates: readonly Candidate[]): Promise<boolean> {
    const meta = await this.#options.store.meta();
    return meta ? await this.#recover(candidates, meta) : await this.#startFirst(candidates);
  }

  /** Answers Bootstrap's proof; a proof of the provisional key makes it final. */
  async prove(nonce: Uint8Array, ciphertext: Uint8Array): Promise<string> {
    const held = this.#held;
    if (!held) throw notReady();
    const root = this.#options.rootSlots.slot(ROOT);
    const verifyKey = deriveVerifyKey(root, held.set.setId);
    // The original's Bootstrap seals its proof under the root key itself.
    const hash = answerProbe([verifyKey, root], nonce, ciphertext);
    wipe(verifyKey);
    if (hash === undefined) {
      if (!held.storeId) this.#forget("proof-of-another-key");
      throw new SpikeError("crypto_decryption_failed", "The proof is not of the key that is held");
    }
    if (!held.storeId) await this.#createStore(held.set);
    return hash;
  }

  /** The shards in force with their stamps; the caller wipes them. Throws `root_key_missing` unless ready. */
  shards(): StampedShard[] {
    if (!this.#held?.storeId) throw new SpikeError("root_key_missing", "No root key is loaded");
    return shardsOf(this.#options.rootSlots.slot(ROOT), this.#held.set, this.#held.storeId);
  }

  /** Drops all keys, because another Nexus has gone on without us. */
  standBack(): void {
    this.#forget("newer-generation-seen");
  }

  /** Zeroes every key of every thread. */
  wipe(): void {
    this.#options.page.state = "waiting";
    this.#options.rootSlots.wipe();
    this.#keyring?.wipe();
    this.#options.kekSlots.wipe();
    this.#keyring = undefined;
    this.#held = undefined;
  }

  #forget(reason: string): void {
    this.wipe();
    this.#options.log.warn("root_key_dropped", { reason });
  }

  async #recover(candidates: readonly Candidate[], meta: StoreMeta): Promise<boolean> {
    const { log } = this.#options;
    const result = rebuild(candidates, {
      threshold: meta.shardSet.threshold,
      isKey: (key) => matchesKeyCheck(key, meta.storeId, meta.keyCheck),
    });
    for (const { keeper, reason } of result.complaints) {
      log.error("keeper_shard_wrong", { keeper, reason });
    }
    if (result.kind !== "rebuilt") {
      log.warn("root_key_not_rebuilt", {
        reason: result.kind,
        shards: result.most,
        needed: meta.shardSet.threshold,
      });
      return false;
    }
    await this.#install(result, meta);
    log.info("root_key_rebuilt", { keepers: result.usedKeepers.join(",") });
    return true;
  }

  async #install(rebuilt: Rebuilt, meta: StoreMeta): Promise<void> {
    this.#options.rootSlots.slot(ROOT).set(rebuilt.key);
    wipe(rebuilt.key);
    this.#held = { set: { ...meta.shardSet, scheme: meta.scheme }, storeId: meta.storeId };
    await this.#openKeyring(meta.storeId);
  }

  async #startFirst(candidates: readonly Candidate[]): Promise<boolean> {
    const { page, log, acceptEmptyStore } = this.#options;
    const owner = candidates.find(({ stamp }) => stamp?.storeId)?.stamp?.storeId;
    if (owner && !acceptEmptyStore) {
      if (page.state !== "database_lost") {
        page.state = "database_lost";
        log.error("database_lost", {
          store: owner.toHex(),
          hint:
            "Keepers hold shards of a store whose database is not here: restore it, or start once with --accept-empty-store true",
        });
      }
      return false;
    }
    page.state = "waiting";
    const result = rebuild(candidates, {
      threshold: this.#options.threshold,
      isKey: (key, stamp) => isFirstKey(key, stamp),
    });
    for (const { keeper, reason } of result.complaints) {
      log.warn("keeper_shard_wrong", { keeper, reason });
    }
    if (result.kind !== "rebuilt") return false;
    await this.#take(result, candidates, owner);
    return true;
  }

  /** Takes a key on an empty store: for good where there is evidence, else until Bootstrap's proof. */
  async #take(
    result: Rebuilt,
    candidates: readonly Candidate[],
    owner: Uint8Array | undefined,
  ): Promise<void> {
    const { page, log, threshold, shares, random } = this.#options;
    const set: ShardSet = result.stamp ??
      { scheme: "gf256", setId: random(16), generation: 1, threshold, shares };
    this.#options.rootSlots.slot(ROOT).set(result.key);
    wipe(result.key);
    if (owner) {
      log.warn("database_given_up", { store: owner.toHex() });
      this.#replaces = owner;
      return await this.#createStore(set);
    }
    if (!result.stamp && agree(candidates, threshold, shares)) return await this.#createStore(set);
    this.#held = { set };
    page.state = "provisional";
    log.info("root_key_provisional", { keepers: result.usedKeepers.join(",") });
  }

  /** Makes the store that this root key opens. From here on the key's check value stands beside the data. */
  async #createStore(set: ShardSet): Promise<void> {
    const { store, random, clock, rootSlots, log } = this.#options;
    const root = rootSlots.slot(ROOT);
    const storeId = random(16);
    const storageKey = deriveStorageKey(root, storeId);
    const kek = newKey(random);
    const wrapped = wrapKek(storageKey, storeId, 1, kek, random);
    wipe(storageKey, kek);
    const shards = shardsOf(root, set, storeId);
    const commitments = shards.map(({ stamp }) => stamp.commitment);
    for (const { bytes } of shards) wipe(bytes);
    const { scheme, setId, generation, threshold, shares } = set;
    await store.write((tx) =>
      tx.initialise({
        storeId,
        keyCheck: keyCheckValue(root, storeId),
        scheme,
        shardSet: { setId, generation, threshold, shares, commitments },
        createdAtMs: clock(),
      }, { generation: 1, wrapped, createdAtMs: clock(), reservedSeals: 0, state: "active" })
    );
    this.#held = { set, storeId };
    await this.#openKeyring(storeId);
    log.info("store_created", { store: storeId.toHex() });
  }

  async #openKeyring(storeId: Uint8Array): Promise<void> {
    const { store, page, rootSlots, kekSlots } = this.#options;
    const storageKey = deriveStorageKey(rootSlots.slot(ROOT), storeId);
    const ring = new Keyring(kekSlots, storeId);
    for (const row of await store.keks()) {
      const kek = unwrapKek(storageKey, storeId, row.generation, row.wrapped);
      ring.put(row.generation, kek);
      wipe(kek);
      if (row.state === "active") ring.use(row.generation);
    }
    wipe(storageKey);
    this.#keyring = ring;
    page.publish(ring.layout());
    page.state = "ready";
  }

  /** Whether a shard given by hand is the one that the store knows; undefined when the store cannot tell. */
  async isCommittedShard(index: number, shard: Uint8Array): Promise<boolean | undefined> {
    const set = (await this.#options.store.meta())?.shardSet;
    const expected = set?.commitments[index - 1];
    if (!set || !expected) return undefined;
    return shardCommitment(set.setId, index, shard).toHex() === expected.toHex();
  }
}

/** Before a store exists a stamped set vouches for its key by its check value; an unstamped one cannot. */
function isFirstKey(key: Uint8Array, stamp: ShardStamp | undefined): boolean {
  if (!stamp) return true;
  return stamp.check !== undefined && matchesKeyCheck(key, stamp.setId, stamp.check);
}

function notReady(): SpikeError {
  return new SpikeError("state_not_ready", "This Nexus has no root key yet");
}
