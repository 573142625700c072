/**
 * What the MAC of a line covers: the log, the position, what stands before and the line's own leaf. Before a record
 * stands the record before it, named by its MAC, which covers everything before that likewise; or, behind a header or a
 * checkpoint, the root over all records, so that a chain begins anew with each of them and no longer one is read. So a
 * line fits one place of one history, and dropping the text of a request changes no MAC.
 */
import type { Frontier } from "./merkle.ts";

/** Authenticates a message under the line key of a log: 16 bytes. */
export type Mac = (message: Uint8Array) => Uint8Array;

/** Bytes of a MAC. */
export const MAC_BYTES = 16;

const FORMAT = 2;
const KIND = { header: 0x68, afterRoot: 0x63, afterRecord: 0x72 } as const;
const LOG_BYTES = 16;
const START_BYTES = 2 + LOG_BYTES + 8;
const encoder = new TextEncoder();

/** What stands before a line: the MAC of a record, or undefined for the root of the tree, behind all other lines. */
export type Before = Uint8Array | undefined;

/** The message of the MAC of the record that is appended to `tree`. */
export function recordMessage(
  log: string,
  tree: Pick<Frontier, "size" | "root">,
  before: Before,
  leaf: Uint8Array,
): Uint8Array {
  const kind = before ? KIND.afterRecord : KIND.afterRoot;
  return message(kind, log, tree.size, [before ?? tree.root(), leaf]);
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
  const rest = encoder.encode(`${revision} ${life}`);
  return message(KIND.header, log, first, [Uint8Array.of(roots.length), ...roots, rest]);
}

/** All parts but the last have lengths that follow from what is before them, so no two places have one message. */
function message(
  kind: number,
  log: string,
  size: number,
  parts: readonly Uint8Array[],
): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, START_BYTES);
  const bytes = new Uint8Array(length);
  bytes[0] = FORMAT;
  bytes[1] = kind;
  bytes.subarray(2).setFromHex(log);
  const view = new DataView(bytes.buffer);
  view.setUint32(2 + LOG_BYTES, Math.floor(size / 2 ** 32));
  view.setUint32(2 + LOG_BYTES + 4, size % 2 ** 32);
  let at = START_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
