/** Texts of a record: short enough that no request makes a long record, and still recognisable. */
import { sha256 } from "@noble/hashes/sha2.js";

/** SHA-256. */
export type Hash = (bytes: Uint8Array) => Uint8Array;

/** Most bytes of a text in a record, as JSON. Every path that a secret can have fits. */
export const TEXT_BYTES = 512;
/** Bytes of a list of texts in a record, as JSON, beyond which each of them is shortened. */
const LIST_BYTES = 4_096;
/** Most names, or numbers, kept of one list. */
export const LIST_LIMIT = 128;
/** Bytes of a digest, enough that a second text with it cannot be found. */
const DIGEST_BYTES = 16;
/** What follows the beginning of a text: `…sha256:` and the digest. */
const TAIL_BYTES = 10 + 2 * DIGEST_BYTES;
/** Quotes and a comma. */
const AROUND = 3;

const encoder = new TextEncoder();

/**
 * The text, or its beginning and the first 16 bytes of the SHA-256 of its UTF-8, so that a known text can be found.
 */
export function bounded(text: string, limit: number = TEXT_BYTES, hash: Hash = sha256): string {
  // No character takes less than a byte.
  if (text.length <= limit && bytesInJson(text) <= limit) return text;
  const digest = hash(encoder.encode(text)).subarray(0, DIGEST_BYTES).toHex();
  return `${beginningOf(text, limit - TAIL_BYTES)}…sha256:${digest}`;
}

/** The first texts of a list, shortened as far as needed to keep all of them recognisable. */
export function boundedList(texts: readonly string[], hash: Hash = sha256): readonly string[] {
  const kept = texts.slice(0, LIST_LIMIT).map((text) => bounded(text, TEXT_BYTES, hash));
  const total = kept.reduce((bytes, text) => bytes + bytesInJson(text) + AROUND, 0);
  if (total <= LIST_BYTES) return kept;
  const each = Math.max(TAIL_BYTES, Math.floor(LIST_BYTES / kept.length) - AROUND);
  return texts.slice(0, LIST_LIMIT).map((text) => bounded(text, each, hash));
}

function beginningOf(text: string, limit: number): string {
  if (PLAIN.test(text.slice(0, limit))) return text.slice(0, limit);
  let bytes = 0;
  let beginning = "";
  for (const character of text) {
    bytes += bytesInJson(character);
    if (bytes > limit) break;
    beginning += character;
  }
  return beginning;
}

/** Characters that take one byte in JSON, as those of nearly all paths do. */
const PLAIN = /^[ !#-[\]-~]*$/;

function bytesInJson(text: string): number {
  if (PLAIN.test(text)) return text.length;
  return encoder.encode(JSON.stringify(text)).length - 2;
}
