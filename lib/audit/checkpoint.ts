/**
 * Signed checkpoints: C2SP `tlog-checkpoint` in a C2SP `signed-note` with Ed25519 (key type 0x01), so that tools which
 * know transparency logs can read them.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { HASH_BYTES, type TreeHead } from "./merkle.ts";

/** Signs with the key of a log. */
export type Sign = (message: Uint8Array) => Uint8Array;
/** Whether a signature is that of a key. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** A tree head, and when it was signed. */
export interface Checkpoint extends TreeHead {
  /** 16 bytes that name the log, hex. */
  readonly log: string;
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

/** A public key with the name of the log that it signs for. */
export interface LogKey {
  readonly log: string;
  readonly publicKey: Uint8Array;
}

const ORIGIN = "spike-audit/";
const ED25519 = 1;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const encoder = new TextEncoder();

/** The text that is signed: origin, size, root, and an extension line with the time. */
function bodyOf({ log, size, root, timeMs }: Checkpoint): string {
  return `${ORIGIN}${log}\n${size}\n${root.toBase64()}\ntime ${timeMs}\n`;
}

/** A checkpoint as text, with its signature. */
export function signCheckpoint(checkpoint: Checkpoint, publicKey: Uint8Array, sign: Sign): string {
  const body = bodyOf(checkpoint);
  const name = ORIGIN + checkpoint.log;
  const signature = sign(encoder.encode(body));
  const stamped = new Uint8Array([...keyHash(name, publicKey), ...signature]);
  return `${body}\n— ${name} ${stamped.toBase64()}\n`;
}

const NOTE =
  /^spike-audit\/([0-9a-f]{32})\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/=]{44})\ntime ([0-9]{1,15})\n\n— spike-audit\/([0-9a-f]{32}) ([A-Za-z0-9+/=]+)\n$/;

/** Reads a checkpoint without looking at its signature; undefined for what is none. */
export function parseCheckpoint(note: string): Checkpoint | undefined {
  const [, log = "", size, root = "", time, signer] = NOTE.exec(note) ?? [];
  const bytes = log === signer ? fromBase64(root) : undefined;
  if (bytes?.length !== HASH_BYTES) return undefined;
  const [count, timeMs] = [Number(size), Number(time)];
  return Number.isSafeInteger(count) ? { log, size: count, root: bytes, timeMs } : undefined;
}

/** Reads a checkpoint that the key has signed; undefined for every other text. */
export function openCheckpoint(note: string, key: LogKey, verify: Verify): Checkpoint | undefined {
  const checkpoint = parseCheckpoint(note);
  if (checkpoint?.log !== key.log) return undefined;
  const stamped = fromBase64(NOTE.exec(note)?.[6] ?? "");
  if (stamped?.length !== 4 + SIGNATURE_BYTES) return undefined;
  if (stamped.subarray(0, 4).toHex() !== keyHash(ORIGIN + key.log, key.publicKey).toHex()) {
    return undefined;
  }
  const isSigned = verify(key.publicKey, encoder.encode(bodyOf(checkpoint)), stamped.subarray(4));
  return isSigned ? checkpoint : undefined;
}

/** A public key as text, to be kept by whoever verifies: `name+hash+key`. */
export function formatKey({ log, publicKey }: LogKey): string {
  const name = ORIGIN + log;
  const typed = new Uint8Array([ED25519, ...publicKey]);
  return `${name}+${keyHash(name, publicKey).toHex()}+${typed.toBase64()}`;
}

/** Reads what {@linkcode formatKey} made; undefined for every other text. */
export function parseKey(text: string): LogKey | undefined {
  const [, log = "", hash, key = ""] =
    /^spike-audit\/([0-9a-f]{32})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{44})$/.exec(text.trim()) ?? [];
  const typed = fromBase64(key);
  if (typed?.length !== 1 + KEY_BYTES || typed[0] !== ED25519) return undefined;
  const publicKey = typed.slice(1);
  return keyHash(ORIGIN + log, publicKey).toHex() === hash ? { log, publicKey } : undefined;
}

/** Tells keys of one name apart (C2SP signed-note: SHA-256 of name, newline, type and key). */
function keyHash(name: string, publicKey: Uint8Array): Uint8Array {
  return sha256(new Uint8Array([...encoder.encode(`${name}\n`), ED25519, ...publicKey])).slice(
    0,
    4,
  );
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}
