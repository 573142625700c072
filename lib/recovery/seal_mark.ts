/** Name of the mark of a sealed store. */
export const SEAL_MARK = "sealed";

const FORMAT = 1;

/** Who sealed a Nexus, when, and why. */
export interface Sealed {
  /** Reason that the operator gave. */
  readonly reason: string;
  /** SPIFFE ID. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** The mark's value. */
export function encodeSealed({ reason, by, atMs }: Sealed): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ format: FORMAT, reason, by, at: atMs }));
}

/** Reads the mark's value. One that cannot be read still means that the store is sealed. */
export function decodeSealed(bytes: Uint8Array): Sealed {
  try {
    const { format, reason, by, at } = JSON.parse(new TextDecoder().decode(bytes));
    if (format === FORMAT) return { reason: String(reason), by: String(by), atMs: Number(at) || 0 };
  } catch {
    // The mark exists, whatever its value was: stay sealed.
  }
  return { reason: "(the mark in the store cannot be read)", by: "", atMs: 0 };
}
