/**
 * Signed checkpoints: C2SP `tlog-checkpoint` in a C2SP `signed-note` with Ed25519 (key type 0x01), so that tools which
 * know transparency logs can read them.
 */
import { HASH_BYTES, type TreeHead } from "./merkle.ts";
import {
  fromBase64,
  type LogKey,
  openNote,
  ORIGIN,
  type Sign,
  signNote,
  type Verify,
} from "./note.ts";

/** A tree head, and when it was signed. */
export interface Checkpoint extends TreeHead {
  /** 16 bytes that name the log, hex. */
  readonly log: string;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

/** The text that is signed: origin, size, root, and an extension line with the time. */
function bodyOf({ log, size, root, timeMs }: Checkpoint): string {
  return `${ORIGIN}${log}\n${size}\n${root.toBase64()}\ntime ${timeMs}\n`;
}

/** A checkpoint as text, with its signature. */
export function signCheckpoint(checkpoint: Checkpoint, publicKey: Uint8Array, sign: Sign): string {
  return signNote(bodyOf(checkpoint), { log: checkpoint.log, publicKey }, sign);
}

const NOTE =
  /^spike-audit\/([0-9a-f]{32})\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/=]{44})\ntime ([0-9]{1,15})\n\n— spike-audit\/([0-9a-f]{32}) ([A-Za-z0-9+/=]+)\n$/;

/** Parses a checkpoint without verifying its signature; undefined for any other text. */
export function parseCheckpoint(note: string): Checkpoint | undefined {
  const [, log = "", size, root = "", time, signer] = NOTE.exec(note) ?? [];
  const bytes = log === signer ? fromBase64(root) : undefined;
  if (bytes?.length !== HASH_BYTES) return undefined;
  const [count, timeMs] = [Number(size), Number(time)];
  return Number.isSafeInteger(count) ? { log, size: count, root: bytes, timeMs } : undefined;
}

/** Parses a checkpoint and verifies its signature; undefined for any other text. */
export function openCheckpoint(note: string, key: LogKey, verify: Verify): Checkpoint | undefined {
  const text = openNote(note, key, verify);
  const checkpoint = text === undefined ? undefined : parseCheckpoint(note);
  return checkpoint && bodyOf(checkpoint) === text ? checkpoint : undefined;
}
