import { SpikeError } from "../error/error.ts";
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
  deriveVerifyKey,
  type LockedKeyring,
  matchesKeyCheck,
  newKey,
  type RandomSource,
} from "../seal/mod.ts";
import { constantTimeEqual, wipe } from "../bytes/mod.ts";
import type { StoreMeta } from "../store/mod.ts";
import { requireQuorum } from "../shamir/mod.ts";
import type { NexusState } from "../shared_page/page.ts";
import { Complaints } from "./complaints.ts";
import { FirstKeyCheck, ownerOf } from "./first_key.ts";
import { addKek, removeKek } from "./kek.ts";
import { KeyMemory, type KeyMemoryOptions } from "./key_memory.ts";
import { makeStore } from "./new_store.ts";
import type { Recognised } from "./restore.ts";
import type { SuccessorPlan } from "./shard_change.ts";
import {
  follow,
  heldSet,
  mayStandBack,
  type ReadyState,
  type RootKeyEvent,
  type RootKeyState,
  WAITING,
} from "./state.ts";
import { commitSuccessor, recordIn, setOf, type Successor } from "./successor.ts";

/** What `KeyControl` works with. */
export interface KeyControlOptions extends KeyMemoryOptions {
  /** Threshold of a store that is created from now on. */
  readonly threshold: number;
  /** Shares of a store that is created from now on. */
  readonly shares: number;
  /** Of a store that is made from now on; an existing one has its own. */
  readonly scheme: Scheme;
  /** Whether to create a new store although keepers hold shards of another one. */
  readonly acceptEmptyStore: boolean;
  /** Source of random bytes. */
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Called with the keepers whose shards were left out, and why. */
  readonly onComplaints?: (complaints: readonly Complaint[]) => void;
}

/** Why the last shards rebuilt no key. */
interface Failure {
  readonly reason: NotRebuilt["kind"];
  readonly shards: number;
  readonly needed: number;
}

/** The words of status, probes and metrics for each state. */
const PAGE_STATES: Readonly<Record<RootKeyState["kind"], NexusState>> = {
  waiting: "waiting",
  provisional: "provisional",
  ready: "ready",
  sealed: "sealed",
  lost: "database_lost",
};

/**
 * Holds the root key and decides what it may be used for: it turns what keepers and operators give into events of the
 * state machine in `state.ts`, and applies what follows to memory, page and store. A key counts only once its check
 * value matches.
 */
export class KeyControl {
  readonly #options: KeyControlOptions;
  readonly #memory: KeyMemory;
  readonly #complaints: Complaints;
  readonly #firstKeys: FirstKeyCheck;
  #state: RootKeyState = WAITING;
  #failure: Failure | undefined;
  #stoodBackFrom: number | undefined;
  /** Whether a keeper named another store as its owner since the last round was over. */
  #hasSeenOwner = false;
  /** Store that an operator allowed to replace. */
  #replaces: Uint8Array | undefined;

  /** Starts in state `waiting`, without a key. */
  constructor(options: KeyControlOptions) {
    this.#options = options;
    this.#memory = new KeyMemory(options);
    this.#complaints = new Complaints(options.log);
    this.#firstKeys = new FirstKeyCheck(options, options.random(16));
  }

  /** The keyring of the present store. Throws `root_key_missing` unless ready. */
  get keyring(): LockedKeyring {
    return this.#memory.keyring;
  }

  /** Store whose shards the operator allows to replace; undefined when none. */
  get replaces(): Uint8Array | undefined {
    return this.#replaces;
  }

  /** Generation of the shard set in force, once a key is held. */
  get generation(): number | undefined {
    return heldSet(this.#state)?.generation;
  }

  /** How many shards rebuild the key that is held. */
  get threshold(): number | undefined {
    return heldSet(this.#state)?.threshold;
  }

  /** A memory store starts with keys of its own that live as long as the process; there are no keepers. */
  async startEphemeral(): Promise<void> {
    this.#memory.take(newKey(this.#options.random));
    await this.#createStore({
      scheme: "gf256",
      setId: this.#options.random(16),
      generation: 1,
      threshold: 1,
      shares: 1,
    });
  }

  /**
   * Evaluates shards from keepers or operators. True when they led to a key, or from a provisional one to a final one.
   */
  async offer(
    candidates: readonly Candidate[],
    { isByHand = false }: { readonly isByHand?: boolean } = {},
  ): Promise<boolean> {
    const meta = await this.#options.store.meta();
    if (meta) return await this.#recover(candidates, meta, isByHand);
    if (this.#state.kind !== "provisional") return await this.#startFirst(candidates);
    const { threshold, shares, scheme } = this.#options;
    if (!this.#state.isUnstamped || !agree(candidates, threshold, shares, scheme)) return false;
    // Stronger evidence than the provisional key was accepted on; mostly it is the same key.
    this.wipe();
    return await this.#startFirst(candidates);
  }

  /** Whether shards that agree would make the key final that is held. */
  get awaitsEvidence(): boolean {
    return this.#state.kind === "provisional" && this.#state.isUnstamped;
  }

  /** Call it when all keepers were asked and no key was rebuilt: logs why, and starts over. */
  roundOver(): void {
    if (heldSet(this.#state)) return;
    this.#move({ kind: "round-over", hasSeenOwner: this.#hasSeenOwner });
    this.#hasSeenOwner = false;
    if (this.#failure) {
      const { reason, shards, needed } = this.#failure;
      this.#complaints.sayFailure(reason, shards, needed);
    }
    this.#failure = undefined;
    this.#firstKeys.forgive();
  }

  /** Answers Bootstrap's proof; a proof of the provisional key makes it final. */
  async prove(nonce: Uint8Array, ciphertext: Uint8Array): Promise<string> {
    const set = heldSet(this.#state);
    if (!set) throw new SpikeError("state_not_ready", "This Nexus has no root key yet");
    const { root } = this.#memory;
    const verifyKey = deriveVerifyKey(root, set.setId);
    // The original's Bootstrap seals its proof under the root key itself.
    const hash = answerProbe([verifyKey, root], nonce, ciphertext);
    wipe(verifyKey);
    const isProvisional = this.#state.kind === "provisional";
    if (hash === undefined) {
      if (isProvisional) {
        this.#firstKeys.refute(root);
        this.#drop("proof-of-another-key");
      }
      throw new SpikeError(
        "crypto_decryption_failed",
        "The proof was not made with the root key of this Nexus",
      );
    }
    if (isProvisional) await this.#createStore(set);
    return hash;
  }

  /** Makes a new KEK generation and answers its number; see `addKek`. */
  addKek(): Promise<number> {
    return addKek({ ...this.#options, memory: this.#memory });
  }

  /** Removes a KEK generation that seals nothing; see `removeKek`. */
  removeKek(generation: number): Promise<boolean> {
    return removeKek({ ...this.#options, memory: this.#memory }, generation);
  }

  /** The shards in force with their stamps; the caller wipes them. Throws `root_key_missing` unless ready. */
  shards(): StampedShard[] {
    const { set, storeId } = this.#requireReady();
    return shardsOf(this.#memory.root, set, storeId);
  }

  /** The set in force. Throws `root_key_missing` unless ready. */
  get present(): ShardSet {
    return this.#requireReady().set;
  }

  /**
   * Draws up the set that is to follow, and for a new root key that key. Nothing rests on it before `commit`.
   *
   * @throws SpikeError `shard_scheme_fixed` when the shards are those of the original's scheme
   */
  plan(change: SuccessorPlan): Successor {
    const { set } = this.#requireReady();
    const { generation, threshold, shares, isNewRoot, allowsThresholdOne } = change;
    const { random } = this.#options;
    if (set.scheme !== "gf256") {
      throw new SpikeError(
        "shard_scheme_fixed",
        `Shards of scheme ${set.scheme} are derived from the root key alone and cannot be replaced`,
      );
    }
    requireQuorum(threshold, shares, allowsThresholdOne);
    if (isNewRoot) {
      const drawn = newKey(random);
      this.#memory.next.set(drawn);
      wipe(drawn);
    }
    const scheme = set.scheme;
    const next: ShardSet = { scheme, setId: random(16), generation, threshold, shares };
    return { follows: set.setId, set: next, isNewRoot };
  }

  /** The shards of a set that is to follow; the caller wipes them. Throws when it cannot follow any more. */
  shardsOfSuccessor(successor: Successor): StampedShard[] {
    const { storeId } = this.#requireFollowed(successor);
    return shardsOf(this.#keyOf(successor), successor.set, storeId);
  }

  /** Puts a successor in force, for good once this resolves. Answers how many KEKs were wrapped anew. */
  async commit(successor: Successor): Promise<number> {
    this.#requireFollowed(successor);
    const { store, random, clock } = this.#options;
    const [root, next] = [this.#memory.root, this.#keyOf(successor)];
    let isInDoubt = false;
    const onWritten = () => void (isInDoubt = true);
    let keks: number;
    try {
      keks = await commitSuccessor({ store, successor, root, next, random, clock, onWritten });
    } catch (error) {
      // The keepers have both shards, and the store decides which of them is in force.
      if (isInDoubt) this.#drop("commit-in-doubt");
      throw error;
    }
    if (successor.isNewRoot) root.set(next);
    this.#move({ kind: "set-committed", set: successor.set });
    this.abandon();
    return keks;
  }

  /** Forgets a root key that was to follow. */
  abandon(): void {
    wipe(this.#memory.next);
  }

  /** Drops all keys and stops recovery from keepers. */
  seal(): void {
    this.#wipeAfter({ kind: "sealed" });
  }

  /** Allows recovery from keepers again. */
  unseal(): void {
    this.#move({ kind: "unsealed" });
  }

  /**
   * Drops all keys, because a keeper reports that another Nexus has replaced `generation`. One report
   * counts for each generation: when the store still names the same one afterwards, the store is right. A late answer,
   * to a push of a generation that is no longer in force, changes nothing. A key that operators handed in stays: they
   * know the store, and keepers may be unable to restore it.
   */
  standBack(generation: number): void {
    if (!mayStandBack(this.#state, generation) || this.#stoodBackFrom === generation) return;
    this.#stoodBackFrom = generation;
    this.#drop("newer-generation-seen");
  }

  /** Drops all keys; a seal stays. */
  wipe(): void {
    this.#wipeAfter({ kind: "dropped" });
  }

  /** What the store knows about a shard that an operator handed in. */
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

  #move(event: RootKeyEvent): void {
    const next = follow(this.#state, event);
    if (next === this.#state) return;
    this.#state = next;
    this.#options.page.state = PAGE_STATES[next.kind];
  }

  /** The state first: no request starts under keys that are about to be dropped. */
  #wipeAfter(event: RootKeyEvent): void {
    this.#move(event);
    this.#memory.wipe();
  }

  #drop(reason: string): void {
    this.wipe();
    this.#options.log.warn("root_key_dropped", { reason });
  }

  #requireReady(): ReadyState {
    if (this.#state.kind === "ready") return this.#state;
    throw new SpikeError("root_key_missing", "No root key is loaded");
  }

  #requireFollowed({ follows }: Successor): ReadyState {
    const ready = this.#requireReady();
    if (constantTimeEqual(follows, ready.set.setId)) return ready;
    throw new SpikeError("shard_set_changed", "Another shard set is in force by now");
  }

  #keyOf({ isNewRoot }: Successor): Uint8Array {
    const key = isNewRoot ? this.#memory.next : this.#memory.root;
    // Dropped in the meantime: shards of zeros would be shards of a publicly known key.
    if (key.every((byte) => byte === 0)) {
      throw new SpikeError("root_key_missing", "No root key is loaded");
    }
    return key;
  }

  async #recover(
    candidates: readonly Candidate[],
    meta: StoreMeta,
    isByHand: boolean,
  ): Promise<boolean> {
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
    this.#memory.take(result.key);
    await this.#open({ set: setOf(meta), storeId: meta.storeId, isByHand });
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

  /** The scheme was chosen when the store was made; a setting that differs now is worth a warning. */
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

  /** Recognises the key of the store; logs when only what the store says of its shard set is wrong. */
  #isStoreKey(key: Uint8Array, stamp: ShardStamp | undefined, meta: StoreMeta): boolean {
    const { storeId, keyCheck } = meta;
    const { commitments, ...set } = setOf(meta);
    if (matchesStoreCheck(key, { storeId, set, commitments }, keyCheck)) return true;
    const isOwn = stamp?.check && stamp.storeId && constantTimeEqual(stamp.storeId, storeId);
    // A set that came later does not prove damage: the store may have been restored to an earlier state.
    const isLater = isOwn && stamp.generation > set.generation &&
      !constantTimeEqual(stamp.setId, set.setId);
    if (isOwn && !isLater && stamp.check && matchesKeyCheck(key, stamp.setId, stamp.check)) {
      this.#complaints.sayDamage();
    }
    return false;
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
      isKey: (key, stamp) => this.#firstKeys.accepts(key, stamp),
    });
    this.#complain(result.complaints);
    if (result.kind !== "rebuilt") {
      this.#failure = { reason: result.kind, shards: result.most, needed: threshold };
      return false;
    }
    await this.#takeFirst(result, candidates);
    return true;
  }

  #loseDatabase(owner: Uint8Array): void {
    this.#hasSeenOwner = true;
    if (this.#state.kind !== "waiting") return;
    this.#move({ kind: "owner-seen" });
    this.#options.log.error("database_lost", {
      store: owner.toHex(),
      hint:
        "Keepers hold shards of a store whose database is not here: restore it, or start once with --accept-empty-store true",
    });
  }

  /** Takes a key on an empty store: for good where there is evidence, else until Bootstrap's proof. */
  async #takeFirst(
    { key, stamp, usedKeepers }: Rebuilt,
    candidates: readonly Candidate[],
  ): Promise<void> {
    const { log, threshold, shares, scheme, random } = this.#options;
    const { setId, generation } = stamp ?? { setId: random(16), generation: 1 };
    const set: ShardSet = { scheme, setId, generation, threshold, shares };
    this.#memory.take(key);
    const ofThisSet = stamp
      ? candidates.filter((other) => other.stamp && setKey(other.stamp) === setKey(stamp))
      : [];
    const owner = ownerOf(ofThisSet);
    this.#replaces = owner ?? ownerOf(candidates);
    if (this.#replaces) log.warn("database_given_up", { store: this.#replaces.toHex() });
    // A set that a Nexus confirmed before, or that all keepers agree on, needs no further proof.
    const isFinal = stamp ? owner !== undefined : agree(candidates, threshold, shares, scheme);
    if (isFinal) return await this.#createStore(set);
    this.#move({ kind: "provisional", set, isUnstamped: !stamp });
    this.#complaints.clear();
    log.info("root_key_provisional", { keepers: usedKeepers.join(",") });
  }

  async #createStore(set: ShardSet): Promise<void> {
    const { log } = this.#options;
    let storeId: Uint8Array;
    try {
      storeId = await makeStore(this.#memory.root, set, this.#options);
    } catch (error) {
      // A provisional key stays: its next proof tries again.
      if (this.#state.kind !== "provisional") this.wipe();
      throw error;
    }
    await this.#open({ set, storeId, isByHand: false });
    log.info("store_created", { store: storeId.toHex() });
  }

  /** Opens the keyring, then serves. Without a keyring the root key is dropped as well. */
  async #open(held: Omit<ReadyState, "kind">): Promise<void> {
    try {
      await this.#memory.openKeyring(held.storeId);
    } catch (error) {
      this.wipe();
      throw error;
    }
    this.#complaints.clear();
    this.#failure = undefined;
    this.#move({ kind: "installed", ...held });
  }
}
