/** Fixed slots for keys in one piece of shared memory, locked or not. */
export interface KeySlots {
  readonly count: number;
  readonly slotBytes: number;
  /** The slot itself, not a copy. Throws for a number outside 0 … count - 1. */
  slot(index: number): Uint8Array;
  /** Zeroes all slots, for every thread that shares the memory. */
  wipe(): void;
}

/** Where the slots lie in a shared buffer. Plain data: travels to a worker beside the buffer. */
export interface SlotLayout {
  readonly offset: number;
  readonly count: number;
  readonly slotBytes: number;
}

/** Views the slots of a shared buffer. */
export function slotsOf(buffer: SharedArrayBuffer, layout: SlotLayout): KeySlots {
  const { offset, count, slotBytes } = layout;
  const all = new Uint8Array(buffer, offset, count * slotBytes);
  return {
    count,
    slotBytes,
    slot(index) {
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new RangeError(`Slot ${index} does not exist, there are ${count}`);
      }
      return all.subarray(index * slotBytes, (index + 1) * slotBytes);
    },
    wipe() {
      all.fill(0);
    },
  };
}

/** Slots in ordinary shared memory, for tests and for code that must not touch the operating system. */
export function ordinarySlots(count: number, slotBytes = 32): KeySlots {
  return slotsOf(new SharedArrayBuffer(count * slotBytes), { offset: 0, count, slotBytes });
}
