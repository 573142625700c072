import { SpikeError } from "../../../lib/api/error.ts";
import type { Encrypted } from "../../../lib/client/mod.ts";
import { parseBase64 } from "../base64.ts";
import {
  checkEncrypted,
  isJsonInput,
  MAX_CIPHER_INPUT_BYTES,
  parseEncrypted,
} from "../cipher_input.ts";
import type { PilotDeps } from "../deps.ts";
import { readInput } from "../input.ts";
import { writeTo } from "../output.ts";
import { withNexus } from "../session.ts";

/** The options of `spike cipher decrypt`. */
export interface DecryptOptions {
  readonly file?: string;
  readonly out?: string;
  readonly version?: string;
  readonly nonce?: string;
  readonly ciphertext?: string;
  readonly algorithm?: string;
}

/** `spike cipher decrypt`: nothing is written unless Nexus has answered. */
export async function cipherDecrypt(
  deps: PilotDeps,
  options: DecryptOptions,
  mayAsk: boolean,
): Promise<void> {
  const input = fromFlags(options) ?? await fromInput(deps, options.file, mayAsk);
  const plaintext = await withNexus(deps, async ({ client }) => {
    try {
      return input instanceof Uint8Array
        ? await client.decryptBlob(input)
        : await client.decrypt(input, options.algorithm);
    } catch (error) {
      throw explain(error);
    }
  });
  try {
    await writeTo(deps, options.out, plaintext);
  } finally {
    plaintext.fill(0);
  }
}

/** What the flags hold, or undefined when none of the three was given. */
function fromFlags({ file, version, nonce, ciphertext }: DecryptOptions): Encrypted | undefined {
  if (version === undefined && nonce === undefined && ciphertext === undefined) return undefined;
  if (file !== undefined) {
    throw new SpikeError(
      "usage",
      "Flag --file cannot be given with --version, --nonce, --ciphertext",
    );
  }
  if (nonce === undefined || ciphertext === undefined) {
    const missing = nonce === undefined ? "--nonce" : "--ciphertext";
    throw new SpikeError("usage", `Flag ${missing} is missing`, {
      hint: "Give --nonce and --ciphertext together",
    });
  }
  return checkEncrypted({
    version: parseKeyVersion(version ?? "1"),
    nonce: parseBase64("--nonce", nonce),
    ciphertext: parseBase64("--ciphertext", ciphertext),
  });
}

function parseKeyVersion(given: string): number {
  if (/^\d{1,3}$/.test(given) && Number(given) <= 255) return Number(given);
  throw new SpikeError("usage", `Flag --version is ${JSON.stringify(given)}, expected 0 to 255`);
}

async function fromInput(
  deps: PilotDeps,
  file: string | undefined,
  mayAsk: boolean,
): Promise<Uint8Array | Encrypted> {
  const limitBytes = MAX_CIPHER_INPUT_BYTES;
  const input = await readInput(deps, { file, limitBytes, mayAsk });
  return isJsonInput(input) ? parseEncrypted(input) : input;
}

/** The general words of Nexus, as they are meant here. */
function explain(error: unknown): unknown {
  if (!(error instanceof SpikeError)) return error;
  if (error.code === "api_internal_error") {
    return new SpikeError("crypto_decryption_failed", "Nexus could not decrypt the ciphertext", {
      hint:
        "It was changed, or encrypted with another key; if neither can be, the log of Nexus says why",
      cause: error,
    });
  }
  if (error.code === "api_bad_request") {
    return new SpikeError("api_bad_request", "Nexus did not accept the ciphertext", {
      hint: "It knows version 1 only, and has a limit to the length (by default 65536 bytes)",
      cause: error,
    });
  }
  return error;
}
