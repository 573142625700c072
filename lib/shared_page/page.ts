import type { RecordState } from "../audit_store/auditing.ts";
import type { KeyringLayout } from "../seal/mod.ts";

/** States of a Nexus. Only `ready` serves secrets. */
export const STATES = ["waiting", "provisional", "ready", "database_lost", "sealed"] as const;
/** One of `STATES`. */
export type NexusState = typeof STATES[number];

/** Where the records of requests go; see `audit/auditing.ts`. */
const RECORD_STATES: readonly RecordState[] = ["written", "elsewhere", "refused"];

/** Slots of the control's own region: the root key, and one that is to follow it. */
export const ROOT_SLOTS = 2;
/** KEK generations that can be held at a time; old ones go when everything is re-wrapped. */
export const KEK_SLOTS = 64;
/** Versions of the default cipher key that can be held at a time. */
export const CIPHER_SLOTS = 255;

/** Threads that may follow the page. */
const MOST_FOLLOWERS = 256;

const STATE = 0;
const REVISION = 1;
const CURRENT = 2;
const FIRST_SLOT = 3;
const CIPHER = FIRST_SLOT + KEK_SLOTS;
const POLICIES = CIPHER + 1;
const CIPHER_KEYS = POLICIES + 1;
const FORGET = CIPHER_KEYS + 1;
const AUDIT = FORGET + 1;
const FOLLOWERS = AUDIT + 1;
const FIRST_FOLLOWER = FOLLOWERS + 1;
const WORDS = FIRST_FOLLOWER + MOST_FOLLOWERS;
const STORE_ID = WORDS * 4;

/**
 * One page of plain memory that all threads of a Nexus share: its state and which KEK lies in which slot.
 * The control writes it, request workers look at it on every request, so that no worker ever serves a moment
 * longer than the control allows. Holds no key material.
 */
export class SharedPage {
  readonly #words: Int32Array;
  readonly #storeId: Uint8Array;

  /** Uses the memory of another thread's page, or allocates its own. */
  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(STORE_ID + 16)) {
    this.#words = new Int32Array(buffer, 0, WORDS);
    this.#storeId = new Uint8Array(buffer, STORE_ID, 16);
  }

  /** State of Nexus. Only `ready` serves secrets. */
  get state(): NexusState {
    return STATES[Atomics.load(this.#words, STATE)] ?? "waiting";
  }

  set state(state: NexusState) {
    Atomics.store(this.#words, STATE, STATES.indexOf(state));
  }

  /** Where the records of requests go. While they are refused, nothing is begun. */
  get audit(): RecordState {
    return RECORD_STATES[Atomics.load(this.#words, AUDIT)] ?? "refused";
  }

  set audit(state: RecordState) {
    Atomics.store(this.#words, AUDIT, RECORD_STATES.indexOf(state));
  }

  /** Grows with every change of the keyring; odd while one is being written. */
  get keyringRevision(): number {
    return Atomics.load(this.#words, REVISION);
  }

  /** Newest version of the default cipher key, 0 when there is none. Version n lies in cipher slot n - 1. */
  get cipherVersion(): number {
    return Atomics.load(this.#words, CIPHER);
  }

  set cipherVersion(version: number) {
    Atomics.store(this.#words, CIPHER, version);
  }

  /** Differs after every change of policies that is committed. A thread that is notified reads the new value. */
  get policyRevision(): number {
    return Atomics.load(this.#words, POLICIES);
  }

  /** Makes all threads read the policies again before they decide anything. Call after the commit. */
  publishPolicies(): void {
    Atomics.add(this.#words, POLICIES, 1);
  }

  /**
   * Differs after every change of named cipher keys that is committed. A thread that is notified reads the new value.
   */
  get cipherKeyRevision(): number {
    return Atomics.load(this.#words, CIPHER_KEYS);
  }

  /** Makes all threads read the named cipher keys again before they use one. Call after the commit. */
  publishCipherKeys(): void {
    Atomics.add(this.#words, CIPHER_KEYS, 1);
  }

  /** Differs after every destruction: keys that were unwrapped before it have to be dropped. */
  get forgetRevision(): number {
    return Atomics.load(this.#words, FORGET);
  }

  /** Makes all threads forget the keys that they unwrapped. Call after the commit, or once there is no keyring. */
  publishForget(): void {
    Atomics.add(this.#words, FORGET, 1);
    Atomics.notify(this.#words, FORGET);
  }

  /** Runs `work` in this thread after every `publishForget`, be there requests or not. */
  onForget(work: () => void): void {
    const word = FIRST_FOLLOWER + Atomics.add(this.#words, FOLLOWERS, 1);
    if (word >= WORDS) throw new Error(`More than ${MOST_FOLLOWERS} threads follow the page`);
    this.#follow(word, this.forgetRevision, work);
  }

  /** Waits until every thread that follows has done its work; false when that takes longer than `patienceMs`. */
  async haveForgotten(patienceMs: number): Promise<boolean> {
    const asked = this.forgetRevision;
    const untilMs = performance.now() + patienceMs;
    const end = FIRST_FOLLOWER + Atomics.load(this.#words, FOLLOWERS);
    for (let word = FIRST_FOLLOWER; word < end; word++) {
      for (;;) {
        const done = Atomics.load(this.#words, word);
        if (done >= asked) break;
        const leftMs = Math.max(0, untilMs - performance.now());
        const { value } = Atomics.waitAsync(this.#words, word, done, leftMs);
        if (await value === "timed-out") return false;
      }
    }
    return true;
  }

  #follow(word: number, revision: number, work: () => void): void {
    Atomics.store(this.#words, word, revision);
    Atomics.notify(this.#words, word);
    const { value } = Atomics.waitAsync(this.#words, FORGET, revision);
    void Promise.resolve(value).then(() => {
      // Read first, so that what is published while `work` runs is not missed.
      const now = this.forgetRevision;
      work();
      this.#follow(word, now, work);
    });
  }

  /** Publishes which slot holds which generation. Call it before the state becomes `ready`. */
  publish(layout: KeyringLayout): void {
    Atomics.add(this.#words, REVISION, 1);
    this.#storeId.set(layout.storeId);
    layout.slots.forEach((generation, slot) =>
      Atomics.store(this.#words, FIRST_SLOT + slot, generation)
    );
    Atomics.store(this.#words, CURRENT, layout.currentKek);
    Atomics.add(this.#words, REVISION, 1);
  }

  /** Publishes that there is no keyring, so that no thread decrypts under zeroed keys. */
  publishNone(): void {
    this.publish({
      storeId: new Uint8Array(16),
      currentKek: 0,
      slots: new Array<number>(KEK_SLOTS).fill(0),
    });
  }

  /** The keyring that was published last; never a mix of two. */
  layout(): KeyringLayout {
    for (;;) {
      const revision = this.keyringRevision;
      const layout = this.#read();
      if (revision % 2 === 0 && revision === this.keyringRevision) return layout;
    }
  }

  #read(): KeyringLayout {
    return {
      storeId: this.#storeId.slice(),
      currentKek: Atomics.load(this.#words, CURRENT),
      slots: Array.from(
        { length: KEK_SLOTS },
        (_, slot) => Atomics.load(this.#words, FIRST_SLOT + slot),
      ),
    };
  }
}
