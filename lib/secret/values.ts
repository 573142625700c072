import type { SecretValues } from "./name.ts";

/** The pairs of one version: text values and binary values. No key is in both. */
export interface SecretPairs {
  /** Text values by key. */
  readonly values: SecretValues;
  /** Binary values by key. */
  readonly binary: Readonly<Record<string, Uint8Array>>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The plaintext of a version: one JSON object from text to text, or `null`; with binary values an array of that
 * object and one from text to base64. The caller wipes it.
 */
export function encodePairs({ values, binary }: SecretPairs): Uint8Array {
  const entries = Object.entries(binary).map(([key, bytes]) => [key, bytes.toBase64()]);
  return encoder.encode(
    JSON.stringify(entries.length === 0 ? values : [values ?? {}, Object.fromEntries(entries)]),
  );
}

/** Reads what {@linkcode encodePairs} made; the bytes are authentic. */
export function decodePairs(plaintext: Uint8Array): SecretPairs {
  const decoded: unknown = JSON.parse(decoder.decode(plaintext));
  if (!Array.isArray(decoded)) return { values: decoded as SecretValues, binary: {} };
  const [values, binary] = decoded;
  const entries = Object.entries(binary).map(([key, text]): [string, Uint8Array] => [
    key,
    Uint8Array.fromBase64(String(text)),
  ]);
  return { values, binary: Object.fromEntries(entries) };
}
