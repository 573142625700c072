import { SpikeError } from "../../../lib/api/error.ts";
import type { Encrypted } from "../../../lib/client/mod.ts";
import { hasCipherMagic } from "../../../lib/seal/cipher_header.ts";
import { parseBase64 } from "../base64.ts";
import { noSuchKey, readExtras } from "../cipher_extras.ts";
import {
  checkEncrypted,
  isJsonInput,
  MAX_CIPHER_INPUT_BYTES,
  parseEncrypted,
} from "../cipher_input.ts";
import type { PilotDeps } from "../deps.ts";
import { isStdin, readInput } from "../input.ts";
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
  readonly key?: string;
  readonly aad?: string;
}

/** `spike cipher decrypt`: nothing is written unless Nexus has answered. */
export async function cipherDecrypt(
  deps: PilotDeps,
  options: DecryptOptions,
  mayAsk: boolean,
): Promise<void> {
  const { algorithm, file, key } = options;
  const given = fromFlags(options);
  const isStdinTaken = given === undefined && isStdin(file);
  const extras = await readExtras(deps, options, { isStdinTaken, mayAsk });
  const input = given ?? await fromInput(deps, options, mayAsk);
  const plaintext = await withNexus(deps, async ({ client }) => {
    try {
      return input instanceof Uint8Array
        ? await client.decryptBlob(input, extras)
        : await client.decrypt(input, { ...extras, algorithm });
    } catch (error) {
      throw key === undefined ? explain(error) : explainNamed(error, key);
    }
  });
  try {
    await writeTo(deps, options.out, plaintext);
  } finally {
    plaintext.fill(0);
  }
}

/** What the flags hold, or undefined when none of the three was given. */
function fromFlags(options: DecryptOptions): Encrypted | undefined {
  const { file, version, nonce, ciphertext, key } = options;
  if (version === undefined && nonce === undefined && ciphertext === undefined) return undefined;
  if (file !== undefined) {
    throw new SpikeError(
      "usage",
      "Flag --file cannot be given with --version, --nonce, --ciphertext",
    );
  }
  if (key !== undefined && ciphertext !== undefined && nonce === undefined) {
    return {
      version: 0,
      nonce: new Uint8Array(0),
      ciphertext: parseBase64("--ciphertext", ciphertext),
    };
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
  { file, key }: Pick<DecryptOptions, "file" | "key">,
  mayAsk: boolean,
): Promise<Uint8Array | Encrypted> {
  const limitBytes = MAX_CIPHER_INPUT_BYTES;
  const input = await readInput(deps, { file, limitBytes, mayAsk });
  if (key === undefined) requireNoHeader(input);
  return isJsonInput(input) ? parseEncrypted(input, key !== undefined) : input;
}

/** Nexus would say that it knows no version 0. */
function requireNoHeader(input: Uint8Array): void {
  if (!hasCipherMagic(input)) return;
  throw new SpikeError("usage", "The ciphertext was encrypted with a named key", {
    hint: "Give --key NAME",
  });
}

function explainNamed(error: unknown, key: string): unknown {
  if (!(error instanceof SpikeError)) return error;
  if (error.code === "api_not_found") return noSuchKey(key, error);
  if (error.code === "crypto_unsupported_version") {
    return new SpikeError(error.code, `Key ${key} does not decrypt this version any more`, {
      hint: "See `spike cipher key list`; whoever manages the key can lower its minimum",
      cause: error,
    });
  }
  if (error.code !== "api_bad_request") return error;
  return new SpikeError("api_bad_request", "Nexus did not accept the ciphertext", {
    hint: `It is not of key ${key}, or longer than the limit of Nexus (by default 65536 bytes)`,
    cause: error,
  });
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
      hint:
        "It does not know this version, or it is longer than its limit (by default 65536 bytes)",
      cause: error,
    });
  }
  return error;
}
