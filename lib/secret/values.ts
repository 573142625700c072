import type { SecretValues } from "./name.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The plaintext of a version: one JSON object from text to text, or `null`. The caller wipes it. */
export function encodeValues(values: SecretValues): Uint8Array {
  return encoder.encode(JSON.stringify(values));
}

/** Reads what {@linkcode encodeValues} made; the bytes are authentic. */
export function decodeValues(plaintext: Uint8Array): SecretValues {
  return JSON.parse(decoder.decode(plaintext));
}
