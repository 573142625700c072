import { SpikeError } from "../error/error.ts";
import { loadDefaultKey } from "../cipher/mod.ts";
import {
  agree,
  belongsTo,
  type Candidate,
  type Complaint,
  matchesStoreCheck,
  type NotRebuilt,
  rebuild,
  type Rebuilt,
  type Scheme,
  setKey,
  type ShardSet,
  shardsOf,
  type ShardStamp,
  type StampedShard,
} from "../recovery/mod.ts";
import {
  answerProbe,
  deriveStorageKey,
  deriveVerifyKey,
  fillKeyring,
  keyCheckValue,
  type KeySlots,
  LockedKeyring,
  matchesKeyCheck,
  newKey,
  type RandomSource,
  wrapKek,
} from "../seal/mod.ts";
import { constantTimeEqual, wipe } from "../bytes/mod.ts";
import type { Store, StoreMeta } from "../store/mod.ts";
import { requireQuorum } from "../shamir/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import { Complaints } from "./complaints.ts";
import { makeStore } from "./new_store.ts";
import type { SharedPage } from "../shared_page/page.ts";
import type { Recognised } from "./restore.ts";
import type { SuccessorPlan } from "./shard_change.ts";
import { commitSuccessor, recordIn, setOf, type Successor } from "./successor.ts";

const ROOT = 0;
const NEXT = 1;

export interface KeyControlOptions {
  readonly store: Store;
  readonly page: SharedPage;
  /** See `ROOT_SLOTS`; no other thread has this region. */
  readonly rootSlots: KeySlots;
  /** Slots of the KEKs, shared with the request workers. */
  readonly kekSlots: KeySlots;
  /** Slots of the default cipher key, shared with the request workers. */
  readonly cipherSlots: KeySlots;
  readonly threshold: number;
  readonly shares: number;
  /** Of a store that is made from now on; one that is there has its own. */
  readonly scheme: Scheme;
  readonly acceptEmptyStore: boolean;
  /** Told of a keyring before anybody is served under it. */
  readonly keyringOpened?: (ring: LockedKeyring) => Promise<void>;
  /** Told that there is none any more. */
  readonly keyringDropped?: () => void;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly log: Logger;
  /** Told whose shard was left out, and why. */
  readonly onComplaints?: (complaints: readonly Complaint[]) => void;
}

/** What is known of the root key that is held. */
interface Held {
  readonly set: ShardSet;
  /** Absent while provisional. */
  readonly storeId?: Uint8Array;
  /** No stamp has vouched for it: all n shards on one polynomial are evidence, too. */
  readonly isUnstamped?: boolean;
}

/** Why the last shards gave no key. */
interface Failure {
  readonly reason: NotRebuilt["kind"];
  readonly shards: number;
  readonly needed: number;
}

/**
 * Holds the root key and decides what it may be used for.
 *
 * Life: waiting → (first start) provisional, until Bootstrap's proof → ready; or waiting → (a store exists)
 * ready. Any → sealed, when an operator says so → waiting, when one takes that back, or ready, when people restore it.
 * Waiting ⇄ database_lost, when an empty store meets keepers of another. Ready → waiting when a newer
 * Nexus of the same store has pushed a later generation. A key counts only once its check value matches.
 */
export class KeyControl {
  readonly #options: KeyControlOptions;
  readonly #complaints: Complaints;
  /** Check values of first keys that a proof has refuted; see `roundOver`. */
  readonly #refuted = new Set<string>();
  readonly #refutedSalt: Uint8Array;
  #failure: Failure | undefined;
  #stoodBackFrom: number | undefined;
  /** Store that a keeper has named since the last round was over, although there is none here. */
  #hasSeenOwner = false;
  #isSealed = false;
  /** Whether people brought the key that is held: then keepers may have none that fits. */
  #isByHand = false;
  #held: Held | undefined;
  #keyring: LockedKeyring | undefined;
  /** Store of which an operator has said that its data are given up. */
  #replaces: Uint8Array | undefined;

  constructor(options: KeyControlOptions) {
    this.#options = options;
    this.#complaints = new Complaints(options.log);
    this.#refutedSalt = options.random(16);
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

  /** How many shards rebuild the key that is held. */
  get threshold(): number | undefined {
    return this.#held?.set.threshold;
  }

  /** A memory store starts with keys of its own that live as long as the process; there are no keepers. */
  async startEphemeral(): Promise<void> {
    const drawn = newKey(this.#options.random);
    this.#options.rootSlots.slot(ROOT).set(drawn);
    wipe(drawn);
    await this.#createStore({
      scheme: "gf256",
      setId: this.#options.random(16),
      generation: 1,
      threshold: 1,
      shares: 1,
    });
  }

  /**
   * Judges what keepers or people gave. True when that led to a key, or from a provisional one to a final one.
   */
  async offer(
    candidates: readonly Candidate[],
    { isByHand = false }: { readonly isByHand?: boolean } = {},
  ): Promise<boolean> {
    const meta = await this.#options.store.meta();
    if (meta) {
      const isHeld = await this.#recover(candidates, meta);
      if (isHeld) this.#isByHand = isByHand;
      return isHeld;
    }
    if (!this.#held) return await this.#startFirst(candidates);
    const { threshold, shares, scheme } = this.#options;
    if (!this.#held.isUnstamped || !agree(candidates, threshold, shares, scheme)) return false;
    // Stronger evidence than what the provisional key was taken on; most often it is the same key.
    this.wipe();
    return await this.#startFirst(candidates);
  }

  /** Whether shards that agree would make the key final that is held. */
  get awaitsEvidence(): boolean {
    return this.#held?.isUnstamped === true && !this.#held.storeId;
  }

  /** To be called when all keepers have been asked and gave no key: says why, and starts afresh. */
  roundOver(): void {
    if (this.#held) return;
    const { page } = this.#options;
    if (page.state === "database_lost" && !this.#hasSeenOwner) page.state = "waiting";
    this.#hasSeenOwner = false;
    if (this.#failure) {
      const { reason, shards, needed } = this.#failure;
      this.#complaints.sayFailure(reason, shards, needed);
    }
    this.#failure = undefined;
    // All that is left was refuted, maybe by the proof of a run that is over: each gets another chance.
    this.#refuted.clear();
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
      if (!held.storeId) {
        this.#refuted.add(keyCheckValue(root, this.#refutedSalt).toHex());
        this.#forget("proof-of-another-key");
      }
      throw new SpikeError("crypto_decryption_failed", "The proof is not of the key that is held");
    }
    if (!held.storeId) await this.#createStore(held.set);
    return hash;
  }

  /**
   * Makes a new KEK generation, which seals from here on, and answers its number. To be called in turn with all that
   * handles the root key. A commit whose fate is not known is found out by the next start, which takes the newest.
   *
   * @throws SpikeError `root_key_missing` unless ready, `state_not_ready` when too many generations are held
   */
  async addKek(): Promise<number> {
    const { store, page, rootSlots, random, clock } = this.#options;
    const ring = this.keyring;
    requireRoom(ring.generations());
    const storageKey = deriveStorageKey(rootSlots.slot(ROOT), ring.storeId);
    const kek = newKey(random);
    try {
      const generation = await store.write(async (tx) => {
        const rows = await tx.keks();
        const next = Math.max(...rows.map((row) => row.generation)) + 1;
        for (const row of rows) await tx.putKek({ ...row, state: "retired" });
        const wrapped = wrapKek(storageKey, ring.storeId, next, kek, random);
        const made = { generation: next, wrapped, createdAtMs: clock(), reservedSeals: 0 };
        await tx.putKek({ ...made, state: "active" });
        return next;
      });
      if (this.#keyring !== ring) throw notReady();
      ring.put(generation, kek);
      ring.use(generation);
      // Before anything is sealed under it: whoever reads such a row finds the key that opens it.
      page.publish(ring.layout());
      return generation;
    } finally {
      wipe(storageKey, kek);
    }
  }

  /**
   * Removes a KEK generation under which nothing is left, its key first: what comes behind in the store's queue cannot
   * seal under it any more. False when something is left. To be called in turn with all that handles the root key.
   */
  async removeKek(generation: number): Promise<boolean> {
    const { store, page } = this.#options;
    const ring = this.keyring;
    try {
      return await store.write(async (tx) => {
        if (!await tx.removeKek(generation)) return false;
        if (ring.generations().includes(generation)) ring.drop(generation);
        return true;
      });
    } finally {
      if (this.#keyring === ring) page.publish(ring.layout());
    }
  }

  /** The shards in force with their stamps; the caller wipes them. Throws `root_key_missing` unless ready. */
  shards(): StampedShard[] {
    if (!this.#held?.storeId) throw new SpikeError("root_key_missing", "No root key is loaded");
    return shardsOf(this.#options.rootSlots.slot(ROOT), this.#held.set, this.#held.storeId);
  }

  /** The set in force. Throws `root_key_missing` unless ready. */
  get present(): ShardSet {
    return this.#inForce().set;
  }

  /**
   * Draws up the set that is to follow, and for a new root key that key. Nothing rests on it before `commit`.
   *
   * @throws SpikeError `shard_scheme_fixed` when the shards are those of the original's scheme
   */
  plan(change: SuccessorPlan): Successor {
    const { set } = this.#inForce();
    const { generation, threshold, shares, isNewRoot, allowsThresholdOne } = change;
    const { random, rootSlots } = this.#options;
    if (set.scheme !== "gf256") {
      throw new SpikeError(
        "shard_scheme_fixed",
        `Shards of scheme ${set.scheme} follow from the root key alone, there are no others`,
      );
    }
    requireQuorum(threshold, shares, allowsThresholdOne);
    if (isNewRoot) {
      const drawn = newKey(random);
      rootSlots.slot(NEXT).set(drawn);
      wipe(drawn);
    }
    const scheme = set.scheme;
    const next: ShardSet = { scheme, setId: random(16), generation, threshold, shares };
    return { follows: set.setId, set: next, isNewRoot };
  }

  /** The shards of a set that is to follow; the caller wipes them. Throws when it cannot follow any more. */
  shardsOfSuccessor(successor: Successor): StampedShard[] {
    const { storeId } = this.#inForce(successor);
    return shardsOf(this.#keyOf(successor), successor.set, storeId);
  }

  /** Puts a successor in force, for good once this resolves. Answers how many KEKs were wrapped anew. */
  async commit(successor: Successor): Promise<number> {
    const { storeId } = this.#inForce(successor);
    const { store, rootSlots, random, clock } = this.#options;
    const [root, next] = [rootSlots.slot(ROOT), this.#keyOf(successor)];
    let isInDoubt = false;
    const onWritten = () => void (isInDoubt = true);
    let keks: number;
    try {
      keks = await commitSuccessor({ store, successor, root, next, random, clock, onWritten });
    } catch (error) {
      // The keepers have both shards, and the store knows which of them counts.
      if (isInDoubt) this.#forget("commit-in-doubt");
      throw error;
    }
    if (successor.isNewRoot) root.set(next);
    this.#held = { set: successor.set, storeId };
    this.abandon();
    return keks;
  }

  /** Forgets a root key that was to follow. */
  abandon(): void {
    wipe(this.#options.rootSlots.slot(NEXT));
  }

  /** Drops all keys and takes none from keepers any more. */
  seal(): void {
    this.#isSealed = true;
    this.wipe();
  }

  /** Lets keepers bring the key back. */
  unseal(): void {
    if (!this.#isSealed) return;
    this.#isSealed = false;
    this.#options.page.state = "waiting";
  }

  #inForce(successor?: Successor): { set: ShardSet; storeId: Uint8Array } {
    const { set, storeId } = this.#held ?? {};
    if (!set || !storeId) throw new SpikeError("root_key_missing", "No root key is loaded");
    if (!successor || constantTimeEqual(successor.follows, set.setId)) return { set, storeId };
    throw new SpikeError("shard_set_changed", "Another shard set is in force by now");
  }

  #keyOf({ isNewRoot }: Successor): Uint8Array {
    const key = this.#options.rootSlots.slot(isNewRoot ? NEXT : ROOT);
    // Dropped meanwhile: shards of zeros would be shards of a key that everybody knows.
    if (key.every((byte) => byte === 0)) {
      throw new SpikeError("root_key_missing", "No root key is loaded");
    }
    return key;
  }

  /**
   * Drops all keys, because a keeper says that another Nexus has gone on from `generation` without us. It is heard
   * once for each generation: when the store still names the same one afterwards, the store is right. And an answer
   * that is late, to a push of a generation that is not in force any more, changes nothing. A key that people handed in
   * stays: they know the store, and keepers may be unable to bring it back.
   */
  standBack(generation: number): void {
    if (!this.#held?.storeId || this.#held.set.generation !== generation) return;
    if (this.#isByHand || this.#stoodBackFrom === generation) return;
    this.#stoodBackFrom = generation;
    this.#forget("newer-generation-seen");
  }

  /** Zeroes every key that threads share, and has each forget its own; `SharedPage.haveForgotten` waits for that. */
  wipe(): void {
    const { page, rootSlots, kekSlots, cipherSlots, keyringDropped } = this.#options;
    page.state = this.#isSealed ? "sealed" : "waiting";
    page.publishNone();
    rootSlots.wipe();
    keyringDropped?.();
    this.#keyring?.wipe();
    kekSlots.wipe();
    page.cipherVersion = 0;
    cipherSlots.wipe();
    this.#keyring = undefined;
    this.#held = undefined;
    page.publishForget();
  }

  #forget(reason: string): void {
    this.wipe();
    this.#options.log.warn("root_key_dropped", { reason });
  }

  async #recover(candidates: readonly Candidate[], meta: StoreMeta): Promise<boolean> {
    const { log } = this.#options;
    const needed = meta.shardSet.threshold;
    const result = rebuild(candidates, {
      threshold: needed,
      scheme: meta.scheme,
      isKey: (key, stamp) => this.#isStoreKey(key, stamp, meta),
      inForce: setOf(meta),
    });
    this.#complain(result.complaints);
    if (result.kind !== "rebuilt") {
      this.#failure = { reason: result.kind, shards: result.most, needed };
      if (result.kind === "no-match") this.#sayLaterRoot(candidates, meta);
      return false;
    }
    await this.#install(result, meta);
    log.info("root_key_rebuilt", { keepers: result.usedKeepers.join(",") });
    this.#compareScheme(meta.scheme);
    return true;
  }

  #sayLaterRoot(candidates: readonly Candidate[], { storeId, shardSet }: StoreMeta): void {
    const later = candidates.flatMap(({ stamp }) =>
      stamp?.storeId && constantTimeEqual(stamp.storeId, storeId) ? [stamp.generation] : []
    ).filter((generation) => generation > shardSet.generation);
    if (later.length > 0) this.#complaints.sayLaterRoot(Math.max(...later), shardSet);
  }

  /** The scheme was chosen when the store was made; that the setting says otherwise now is worth a word. */
  #compareScheme(stored: Scheme): void {
    const { scheme, log } = this.#options;
    if (scheme === stored) return;
    const hint = `Set SPIKE_SHAMIR_SCHEME=${stored}; the store's own scheme is used`;
    log.warn("shamir_scheme_ignored", { setting: scheme, store: stored, hint });
  }

  #complain(complaints: readonly Complaint[]): void {
    this.#complaints.say(complaints);
    this.#options.onComplaints?.(complaints);
  }

  /** Recognises the key of the store; says so when only what the store tells of its shard set is wrong. */
  #isStoreKey(key: Uint8Array, stamp: ShardStamp | undefined, meta: StoreMeta): boolean {
    const { storeId, keyCheck } = meta;
    const { commitments, ...set } = setOf(meta);
    if (matchesStoreCheck(key, { storeId, set, commitments }, keyCheck)) return true;
    const isOwn = stamp?.check && stamp.storeId && constantTimeEqual(stamp.storeId, storeId);
    // A set that came later is no proof of damage: the store may have been put back to what it was before.
    const isLater = isOwn && stamp.generation > set.generation &&
      !constantTimeEqual(stamp.setId, set.setId);
    if (isOwn && !isLater && stamp.check && matchesKeyCheck(key, stamp.setId, stamp.check)) {
      this.#complaints.sayDamage();
    }
    return false;
  }

  async #install(rebuilt: Rebuilt, meta: StoreMeta): Promise<void> {
    this.#options.rootSlots.slot(ROOT).set(rebuilt.key);
    wipe(rebuilt.key);
    this.#held = { set: setOf(meta), storeId: meta.storeId };
    await this.#openKeyring(meta.storeId);
  }

  async #startFirst(candidates: readonly Candidate[]): Promise<boolean> {
    const { threshold, scheme, acceptEmptyStore } = this.#options;
    const owner = ownerOf(candidates);
    if (owner && !acceptEmptyStore) {
      this.#loseDatabase(owner);
      return false;
    }
    const result = rebuild(candidates, {
      threshold,
      scheme,
      isKey: (key, stamp) => this.#isFirstKey(key, stamp),
    });
    this.#complain(result.complaints);
    if (result.kind !== "rebuilt") {
      this.#failure = { reason: result.kind, shards: result.most, needed: threshold };
      return false;
    }
    await this.#take(result, candidates);
    return true;
  }

  #loseDatabase(owner: Uint8Array): void {
    const { page, log } = this.#options;
    this.#hasSeenOwner = true;
    if (page.state === "database_lost") return;
    page.state = "database_lost";
    log.error("database_lost", {
      store: owner.toHex(),
      hint:
        "Keepers hold shards of a store whose database is not here: restore it, or start once with --accept-empty-store true",
    });
  }

  /**
   * Before a store exists a stamped set vouches for its key by its check value; an unstamped one cannot. A set of
   * another threshold or scheme than was configured is nobody's: one keeper alone could forge a set of one.
   */
  #isFirstKey(key: Uint8Array, stamp: ShardStamp | undefined): boolean {
    if (this.#refuted.has(keyCheckValue(key, this.#refutedSalt).toHex())) return false;
    if (!stamp) return true;
    const { threshold, shares, scheme } = this.#options;
    return stamp.threshold === threshold && stamp.shares === shares && stamp.scheme === scheme &&
      stamp.check !== undefined && matchesKeyCheck(key, stamp.setId, stamp.check);
  }

  /** Takes a key on an empty store: for good where there is evidence, else until Bootstrap's proof. */
  async #take(
    { key, stamp, usedKeepers }: Rebuilt,
    candidates: readonly Candidate[],
  ): Promise<void> {
    const { page, log, threshold, shares, scheme, random, rootSlots } = this.#options;
    const { setId, generation } = stamp ?? { setId: random(16), generation: 1 };
    const set: ShardSet = { scheme, setId, generation, threshold, shares };
    rootSlots.slot(ROOT).set(key);
    wipe(key);
    const ofThisSet = stamp
      ? candidates.filter((other) => other.stamp && setKey(other.stamp) === setKey(stamp))
      : [];
    const owner = ownerOf(ofThisSet);
    this.#replaces = owner ?? ownerOf(candidates);
    if (this.#replaces) log.warn("database_given_up", { store: this.#replaces.toHex() });
    // What a Nexus has confirmed before, or what all keepers agree on, needs no further proof.
    const isFinal = stamp ? owner !== undefined : agree(candidates, threshold, shares, scheme);
    this.#held = { set, isUnstamped: !stamp };
    if (isFinal) {
      try {
        return await this.#createStore(set);
      } catch (error) {
        this.wipe();
        throw error;
      }
    }
    page.state = "provisional";
    this.#complaints.clear();
    log.info("root_key_provisional", { keepers: usedKeepers.join(",") });
  }

  async #createStore(set: ShardSet): Promise<void> {
    const { rootSlots, log } = this.#options;
    const storeId = await makeStore(rootSlots.slot(ROOT), set, this.#options);
    this.#held = { set, storeId };
    await this.#openKeyring(storeId);
    log.info("store_created", { store: storeId.toHex() });
  }

  /** Unwraps all KEKs and the cipher key, and lets everybody in. When that fails there is no key at all. */
  async #openKeyring(storeId: Uint8Array): Promise<void> {
    const { store, page, rootSlots, kekSlots, cipherSlots } = this.#options;
    const storageKey = deriveStorageKey(rootSlots.slot(ROOT), storeId);
    const ring = new LockedKeyring(kekSlots, storeId);
    try {
      fillKeyring(ring, storageKey, await store.keks());
      const onDamage = (version: number, reason: string) =>
        this.#options.log.error("cipher_key_damaged", { version, reason });
      page.cipherVersion = await loadDefaultKey({
        store,
        keyring: ring,
        slots: cipherSlots,
        onDamage,
      });
      await this.#options.keyringOpened?.(ring);
    } catch (error) {
      this.wipe();
      throw error;
    } finally {
      wipe(storageKey);
    }
    this.#keyring = ring;
    this.#isSealed = false;
    this.#complaints.clear();
    this.#failure = undefined;
    page.publish(ring.layout());
    page.state = "ready";
  }

  /** What the store can say of a shard that was given by hand. */
  async recognise(index: number, shard: Uint8Array): Promise<Recognised> {
    const { store } = this.#options;
    const meta = await store.meta();
    const isPresent = meta && belongsTo(setOf(meta), index, shard);
    if (!meta || isPresent === undefined) return { kind: "unknown" };
    if (isPresent) return { kind: "right", set: setOf(meta), isPast: false };
    const { rootEpoch, past } = await recordIn(store);
    const found = past.find((set) => belongsTo(set, index, shard));
    if (!found) return { kind: "wrong" };
    const { generation } = found;
    if (found.rootEpoch !== rootEpoch) return { kind: "older-root", generation };
    return { kind: "right", set: found, isPast: true };
  }
}

/** Far from what the page can tell of, so that a renewal that is overdue always has room. */
const MOST_KEKS = 8;

function requireRoom(generations: readonly number[]): void {
  if (generations.length < MOST_KEKS) return;
  throw new SpikeError(
    "state_not_ready",
    `There are ${generations.length} generations of the key-encryption key, no more are made`,
    { hint: "Wait until older ones are removed; the log names rows that hold them up" },
  );
}

/** The store that one of these keepers was given its shard by. */
function ownerOf(candidates: readonly Candidate[]): Uint8Array | undefined {
  return candidates.find(({ stamp }) => stamp?.storeId)?.stamp?.storeId;
}

function notReady(): SpikeError {
  return new SpikeError("state_not_ready", "This Nexus has no root key yet");
}
