import { SpikeError } from "../error/error.ts";
import { quoteValue } from "../text/quote.ts";

/** Most characters of a key's name. */
export const MAX_KEY_NAME = 64;
/** Name of the key that is used when a request does not name one; reserved for it. */
export const DEFAULT_KEY_NAME = "default";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/;

/**
 * Validates the name of a cipher key. It has no slash, so that a permission on `spike/system/cipher/key/<name>`
 * covers one key.
 *
 * @throws {SpikeError} `api_bad_request`
 */
export function parseKeyName(name: string): string {
  if (name === "") throw bad("Key name is empty", "Give the name of a cipher key");
  if (name.length > MAX_KEY_NAME) {
    throw bad(
      `Key name is ${name.length} characters long, at most ${MAX_KEY_NAME} are allowed`,
      "Choose a shorter one",
    );
  }
  if (!NAME.test(name)) {
    throw bad(
      `Key name is ${quoteValue(name)}, expected letters, digits, ".", "_" and "-"`,
      "It begins with a letter or a digit",
    );
  }
  if (name !== DEFAULT_KEY_NAME) return name;
  throw bad(`Name ${name} is reserved for the default key`, "Omit the key name to use it");
}

/** Name of a key's rows among the long-lived keys of a store. */
export function keyRowName(name: string): string {
  return `cipher/key/${name}`;
}

function bad(message: string, hint: string): SpikeError {
  return new SpikeError("api_bad_request", message, { hint });
}
