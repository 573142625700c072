/** Fixed slots for keys in one region of shared memory, locked or not. */
export interface KeySlots {
  /** Number of slots. */
  readonly count: number;
  /** Length of each slot, bytes. */
  readonly slotBytes: number;
  /**
   * A view of the slot, not a copy.
   *
   * @throws {RangeError} for an index outside 0 … count - 1
   */
  slot(index: number): Uint8Array;
  /** Zeroes all slots, for every thread that shares the memory. */
  wipe(): void;
}

/** Layout of the slots in a shared buffer. Plain data, sent to a worker together with the buffer. */
export interface SlotLayout {
  /** Start of the first slot, bytes. */
  readonly offset: number;
  /** Number of slots. */
  readonly count: number;
  /** Length of each slot, bytes. */
  readonly slotBytes: number;
}

/** Creates a view of the slots of a shared buffer. */
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
