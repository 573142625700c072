import {
  contribute,
  type Contribution,
  type HeldShard,
  type Holding,
} from "../../lib/recovery/mod.ts";
import type { KeySlots } from "../../lib/seal/mod.ts";

const CURRENT = 0;
const PENDING = 1;

/** A keeper's only state: two shards in slots of locked memory, and their stamps. Nothing of it reaches a disk. */
export class ShardSlots {
  readonly #slots: KeySlots;
  #holding: Holding = {};

  constructor(slots: KeySlots) {
    this.#slots = slots;
  }

  /** What is held; the bytes are the slots themselves, to be copied and not kept. */
  get holding(): Holding {
    return this.#holding;
  }

  /** Takes a contribution, or throws as `contribute` does and changes nothing. */
  take(contribution: Contribution): void {
    const next = contribute(this.#holding, contribution);
    const bytes = [next.current?.bytes.slice(), next.pending?.bytes.slice()];
    this.#slots.wipe();
    this.#holding = {
      ...this.#place("current", CURRENT, next.current, bytes[CURRENT]),
      ...this.#place("pending", PENDING, next.pending, bytes[PENDING]),
    };
  }

  /** Forgets and zeroes everything. */
  wipe(): void {
    this.#slots.wipe();
    this.#holding = {};
  }

  #place(
    name: keyof Holding,
    slot: number,
    held: HeldShard | undefined,
    bytes: Uint8Array | undefined,
  ): Holding {
    if (!held || !bytes) return {};
    const own = this.#slots.slot(slot);
    own.set(bytes);
    bytes.fill(0);
    return { [name]: { ...held, bytes: own } };
  }
}
