/** Signed texts: C2SP `signed-note` with one Ed25519 signature (key type 0x01), under the key of an audit log. */
import { sha256 } from "@noble/hashes/sha2.js";

/** Signs with the key of a log. */
export type Sign = (message: Uint8Array) => Uint8Array;
/** Whether a signature is that of a key. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** A public key with the name of the log that it signs for. */
export interface LogKey {
  /** Name of the log: 32 hex digits. */
  readonly log: string;
  /** Ed25519 public key, 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
}

/** Prefix of the name of every key. */
export const ORIGIN = "spike-audit/";
const ED25519 = 1;
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const encoder = new TextEncoder();

/** A text, which ends with a newline, followed by its signature. */
export function signNote(text: string, { log, publicKey }: LogKey, sign: Sign): string {
  const name = ORIGIN + log;
  const signature = sign(encoder.encode(text));
  const stamped = new Uint8Array([...keyHash(name, publicKey), ...signature]);
  return `${text}\n— ${name} ${stamped.toBase64()}\n`;
}

/** The text that the key has signed; undefined for everything else, down to another spelling of the signature. */
export function openNote(note: string, key: LogKey, verify: Verify): string | undefined {
  const [, text = "", log, base64 = ""] =
    /^([^]*\n)\n— spike-audit\/([0-9a-f]{32}) ([A-Za-z0-9+/]{91}=)\n$/.exec(note) ?? [];
  const stamped = fromBase64(base64);
  if (log !== key.log || stamped?.length !== 4 + SIGNATURE_BYTES) return undefined;
  if (stamped.toBase64() !== base64) return undefined;
  const name = ORIGIN + key.log;
  if (stamped.subarray(0, 4).toHex() !== keyHash(name, key.publicKey).toHex()) return undefined;
  return verify(key.publicKey, encoder.encode(text), stamped.subarray(4)) ? text : undefined;
}

/** A public key as text for verifiers: `name+hash+key` (C2SP signed-note). */
export function formatKey({ log, publicKey }: LogKey): string {
  const name = ORIGIN + log;
  const typed = new Uint8Array([ED25519, ...publicKey]);
  return `${name}+${keyHash(name, publicKey).toHex()}+${typed.toBase64()}`;
}

/** Parses what {@linkcode formatKey} made; undefined for any other text. */
export function parseKey(text: string): LogKey | undefined {
  const [, log = "", hash, key = ""] =
    /^spike-audit\/([0-9a-f]{32})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{44})$/.exec(text.trim()) ?? [];
  const typed = fromBase64(key);
  if (typed?.length !== 1 + KEY_BYTES || typed[0] !== ED25519) return undefined;
  const publicKey = typed.slice(1);
  return keyHash(ORIGIN + log, publicKey).toHex() === hash ? { log, publicKey } : undefined;
}

/** Distinguishes keys of one name (C2SP signed-note: SHA-256 of name, newline, type and key). */
function keyHash(name: string, publicKey: Uint8Array): Uint8Array {
  return sha256(new Uint8Array([...encoder.encode(`${name}\n`), ED25519, ...publicKey])).slice(
    0,
    4,
  );
}

/** The bytes of a base64 text; undefined for any other text. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}
