import { SpikeError } from "../error/error.ts";
import { holdsControls, printable } from "../text/printable.ts";

/** A valid path of a secret. Only {@linkcode parseSecretPath} and {@linkcode parseWritablePath} return one. */
export type SecretPath = string & { readonly secretPath: unique symbol };

/** The key-value pairs of one version; null is distinct from an empty object. */
export type SecretValues = Readonly<Record<string, string>> | null;

/** Most bytes of a path. */
export const MAX_PATH_BYTES = 500;
/** Most bytes of a key's name. */
export const MAX_KEY_BYTES = 250;
/** Most keys of one version. */
export const MAX_KEYS = 1000;
/** Most bytes of one value, in UTF-8. */
export const MAX_VALUE_BYTES = 1024 * 1024;
/** Most entries of custom metadata of one path. */
export const MAX_CUSTOM_ENTRIES = 64;
/** Most bytes of the name of such an entry. */
export const MAX_CUSTOM_NAME_BYTES = 128;
/** Most bytes of what such an entry holds, in UTF-8. */
export const MAX_CUSTOM_VALUE_BYTES = 512;
/** Most versions that a path can keep. */
export const MAX_MAX_VERSIONS = 1000;
/** Paths with this prefix are reserved for the system; secrets cannot be stored there. */
export const RESERVED_PREFIX = "spike/system/";

const PATH_PATTERN = /^[a-zA-Z0-9._\-/()?+*|[\]{}\\]+$/;
const KEY_PATTERN = /^[a-zA-Z0-9\-_ ]+$/;
const PATH_CHARACTERS = "letters, digits and . _ - / ( ) ? + * | [ ] { } \\";
const KEY_CHARACTERS = "letters, digits, -, _ and blank";
/** Enough of a bad name to recognise it. */
const SHOWN_CHARACTERS = 80;
const encoder = new TextEncoder();

/**
 * Validates a path. A path is opaque and never normalised: `a`, `/a`, `a/` and `a//b` are four paths.
 *
 * @throws {SpikeError} `api_bad_request`
 */
export function parseSecretPath(text: string): SecretPath {
  requireName("Path", text, PATH_PATTERN, MAX_PATH_BYTES, PATH_CHARACTERS);
  return text as SecretPath;
}

/**
 * Validates a path to write: as {@linkcode parseSecretPath}, and not reserved.
 *
 * @throws {SpikeError} `api_bad_request`
 */
export function parseWritablePath(text: string): SecretPath {
  const path = parseSecretPath(text);
  if (path.startsWith(RESERVED_PREFIX)) {
    throw new SpikeError("api_bad_request", `Path ${shown(path)} is reserved for the system`, {
      hint: `Choose a path that does not begin with ${RESERVED_PREFIX}`,
    });
  }
  return path;
}

/**
 * Validates the pairs of one version. `binary` holds values that are bytes; no key may be in both.
 *
 * @throws {SpikeError} `api_bad_request` that names the key, never the value
 */
export function requireValues(
  values: SecretValues,
  binary: Readonly<Record<string, Uint8Array>> = {},
): void {
  const pairs = [...Object.entries(values ?? {}), ...Object.entries(binary)];
  if (pairs.length > MAX_KEYS) {
    throw new SpikeError(
      "api_bad_request",
      `Secret has ${pairs.length} keys, at most ${MAX_KEYS} are allowed`,
    );
  }
  for (const [key, value] of pairs) requirePair(key, value);
  const twice = Object.keys(binary).find((key) => values !== null && Object.hasOwn(values, key));
  if (twice !== undefined) {
    throw new SpikeError(
      "api_bad_request",
      `Key ${shown(twice)} is given twice, as text and as bytes`,
      {
        hint: "Give each key once, in values or in binary",
      },
    );
  }
}

function requirePair(key: string, value: unknown): void {
  requireName("Key", key, KEY_PATTERN, MAX_KEY_BYTES, KEY_CHARACTERS);
  if (typeof value !== "string" && !(value instanceof Uint8Array)) {
    throw new SpikeError("api_bad_request", `Value of key ${shown(key)} is not text`);
  }
  const size = typeof value === "string" ? byteLength(value) : value.length;
  if (size > MAX_VALUE_BYTES) {
    throw new SpikeError(
      "api_bad_request",
      `Value of key ${shown(key)} is ${size} bytes long, at most ${MAX_VALUE_BYTES} are allowed`,
    );
  }
}

/**
 * Validates custom metadata before it is stored.
 *
 * @throws {SpikeError} `api_bad_request` that names the entry, never its value
 */
export function requireCustom(custom: Readonly<Record<string, string>>): void {
  const entries = Object.entries(custom);
  if (entries.length > MAX_CUSTOM_ENTRIES) {
    throw new SpikeError(
      "api_bad_request",
      `Custom metadata would have ${entries.length} entries, at most ${MAX_CUSTOM_ENTRIES} are allowed`,
    );
  }
  for (const [name, value] of entries) {
    requireName("Entry", name, KEY_PATTERN, MAX_CUSTOM_NAME_BYTES, KEY_CHARACTERS);
    const size = byteLength(value);
    if (size <= MAX_CUSTOM_VALUE_BYTES) continue;
    throw new SpikeError(
      "api_bad_request",
      `Entry ${shown(name)} is ${size} bytes long, at most ${MAX_CUSTOM_VALUE_BYTES} are allowed`,
    );
  }
}

/**
 * Rejects control characters in new custom metadata, since terminals display it. Entries that were stored before this
 * rule stay unchanged.
 *
 * @throws {SpikeError} `api_bad_request`
 */
export function requireReadable(custom: Readonly<Record<string, string>>): void {
  const [name] = Object.entries(custom).find(([, value]) => holdsControls(value)) ?? [];
  if (name === undefined) return;
  throw new SpikeError(
    "api_bad_request",
    `Entry ${shown(name)} holds a control character, expected text on one line`,
    { hint: "Line ends, tabs and invisible characters are not allowed in custom metadata" },
  );
}

function requireName(
  what: string,
  text: string,
  pattern: RegExp,
  maxBytes: number,
  characters: string,
): void {
  if (text === "") throw new SpikeError("api_bad_request", `${what} is empty`);
  const size = byteLength(text);
  if (size > maxBytes) {
    throw new SpikeError(
      "api_bad_request",
      `${what} ${shown(text)} is ${size} bytes long, at most ${maxBytes} are allowed`,
    );
  }
  if (!pattern.test(text)) {
    throw new SpikeError(
      "api_bad_request",
      `${what} ${shown(text)} has a character that is not allowed`,
      { hint: `Use ${characters}` },
    );
  }
}

function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** In quotes and escaped, so that no control character reaches a terminal or a log. */
function shown(text: string): string {
  return printable(
    JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text),
  );
}
