/**
 * What the MAC of a line covers: the log, the position, everything before it (the roots of the full subtrees, which
 * follow from all leaves before it) and the line's own leaf. So a line fits one place of one history.
 */
import { HASH_BYTES } from "./merkle.ts";

/** Authenticates a message under the line key of a log: 16 bytes. */
export type Mac = (message: Uint8Array) => Uint8Array;

/** Bytes of a MAC. */
export const MAC_BYTES = 16;

const FORMAT = 2;
const KIND = { header: 0x68, record: 0x72 } as const;
const LOG_BYTES = 16;
const START_BYTES = 2 + LOG_BYTES + 8 + 1;
const encoder = new TextEncoder();

/** A place in a log: its name and the tree before the place. */
export interface LinePlace {
  readonly log: string;
  readonly size: number;
  readonly roots: readonly Uint8Array[];
}

/** The message of a record's MAC. */
export function recordMessage(place: LinePlace, leaf: Uint8Array): Uint8Array {
  return message(KIND.record, place, leaf);
}

/** What a header says besides its format and MAC. */
export interface HeaderContent {
  readonly log: string;
  readonly first: number;
  readonly roots: readonly Uint8Array[];
  readonly revision: number;
  readonly life: string;
}

/** The message of a header's MAC. */
export function headerMessage(header: HeaderContent): Uint8Array {
  const { log, first, roots, revision, life } = header;
  return message(KIND.header, { log, size: first, roots }, encoder.encode(`${revision} ${life}`));
}

/** Every member but the last has a fixed length or a count before it, so no two places have one message. */
function message(kind: number, { log, size, roots }: LinePlace, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(START_BYTES + roots.length * HASH_BYTES + content.length);
  bytes[0] = FORMAT;
  bytes[1] = kind;
  bytes.subarray(2).setFromHex(log);
  const view = new DataView(bytes.buffer);
  view.setUint32(2 + LOG_BYTES, Math.floor(size / 2 ** 32));
  view.setUint32(2 + LOG_BYTES + 4, size % 2 ** 32);
  bytes[START_BYTES - 1] = roots.length;
  let at = START_BYTES;
  for (const root of roots) {
    bytes.set(root, at);
    at += HASH_BYTES;
  }
  bytes.set(content, at);
  return bytes;
}
