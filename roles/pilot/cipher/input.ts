import { decodeAnswer } from "../../../lib/api/request.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import type { Encrypted } from "../../../lib/client/mod.ts";

/** More than Nexus takes at its highest limit, in base64 too. */
export const MAX_CIPHER_INPUT_BYTES = 2 * 1024 * 1024;

/** AES-GCM's nonce, in bytes. */
const NONCE_BYTES = 12;
const BRACE = 0x7b;
const BLANKS = [0x20, 0x09, 0x0a, 0x0d];

/** Whether input is the JSON object that encrypt prints; a binary blob begins with its version byte, 1. */
export function isJsonInput(input: Uint8Array): boolean {
  return input.find((byte) => !BLANKS.includes(byte)) === BRACE;
}

/**
 * Reads the JSON object that encrypt prints; under a named key it has no nonce.
 *
 * @throws SpikeError `data_invalid_input`
 */
export function parseEncrypted(input: Uint8Array, isNamed = false): Encrypted {
  try {
    const { version, nonce, ciphertext } = decodeAnswer("cipher.encrypt", input);
    const encrypted = { version, nonce, ciphertext };
    return isNamed ? encrypted : checkEncrypted(encrypted);
  } catch (error) {
    if (!(error instanceof SpikeError) || error.code !== "api_bad_request") throw error;
    throw new SpikeError(
      "data_invalid_input",
      `Input is not an encrypted object: ${error.message}`,
      {
        hint:
          'Expected is what `spike cipher encrypt` prints: {"version":1,"nonce":…,"ciphertext":…}',
        cause: error,
      },
    );
  }
}

/** Checks what can be checked without the key. @throws SpikeError `data_invalid_input` */
export function checkEncrypted(encrypted: Encrypted): Encrypted {
  const { version, nonce } = encrypted;
  if (version < 0 || version > 255) {
    throw new SpikeError("data_invalid_input", `Version is ${version}, expected 0 to 255`);
  }
  if (nonce.length !== NONCE_BYTES) {
    throw new SpikeError(
      "data_invalid_input",
      `Nonce is ${nonce.length} bytes long, expected ${NONCE_BYTES}`,
    );
  }
  return encrypted;
}
