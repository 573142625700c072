import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import type { Client, Encrypted } from "../../../lib/client/mod.ts";
import { CIPHER_HEADER_BYTES, hasCipherMagic, isStream } from "../../../lib/seal/cipher_header.ts";
import { parseBase64 } from "../terminal/base64.ts";
import { explainKey, readExtras } from "./extras.ts";
import { checkEncrypted, isJsonInput, MAX_CIPHER_INPUT_BYTES, parseEncrypted } from "./input.ts";
import type { PilotIo } from "../io.ts";
import { isStdin, openInput, peek, readAll } from "../terminal/input.ts";
import { streamTo, writeValue } from "../terminal/output.ts";
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

/**
 * `spike cipher decrypt`. Of a blob nothing is written unless Nexus has answered; of a stream each chunk is written once
 * it was authenticated, and a file gets its name only when the whole stream was.
 */
export async function cipherDecrypt(
  deps: PilotIo,
  options: DecryptOptions,
  mayAsk: boolean,
): Promise<void> {
  const { algorithm, file, key, out } = options;
  const given = fromFlags(options);
  const isStdinTaken = given === undefined && isStdin(file);
  const extras = await readExtras(deps, options, { isStdinTaken, mayAsk });
  const decrypt = async (call: (client: Client) => Promise<Uint8Array>) => {
    const plaintext = await calling(deps, key, call);
    try {
      await writeValue(deps, out, plaintext);
    } finally {
      plaintext.fill(0);
    }
  };
  if (given) return await decrypt((client) => client.decrypt(given, { ...extras, algorithm }));
  using opened = await openInput(deps, { file, mayAsk });
  const { head, all } = await peek(opened.bytes, CIPHER_HEADER_BYTES);
  if (isStream(head)) {
    const { length } = opened;
    return await calling(deps, key, async (client) => {
      try {
        await streamTo(deps, out, await client.decryptStream(all, { ...extras, length }));
      } catch (error) {
        throw await explainStream(error, client);
      }
    });
  }
  if (key === undefined) requireNoHeader(head);
  const input = await readAll(all, MAX_CIPHER_INPUT_BYTES, "Input");
  if (!isJsonInput(input)) return await decrypt((client) => client.decryptBlob(input, extras));
  const parsed = parseEncrypted(input, key !== undefined);
  await decrypt((client) => client.decrypt(parsed, { ...extras, algorithm }));
}

/** Runs a call; what was refused is told in the words of this command. */
async function calling<T>(
  deps: PilotIo,
  key: string | undefined,
  call: (client: Client) => Promise<T>,
): Promise<T> {
  return await withNexus(deps, async ({ client }) => {
    try {
      return await call(client);
    } catch (error) {
      throw key === undefined ? explain(error) : explainNamed(error, key);
    }
  });
}

/**
 * A stream that is not what was encrypted is broken off by Nexus, and from here that looks like a connection that
 * failed. But then Nexus is still there.
 */
export async function explainStream(
  error: unknown,
  client: Pick<Client, "status">,
): Promise<unknown> {
  if (!(error instanceof SpikeError) || error.code !== "net_peer_connection") return error;
  const message = `The stream was not decrypted completely: ${error.message}`;
  return await isServing(client)
    ? new SpikeError("cipher_not_authentic", message, {
      hint:
        "The stream was modified, truncated, or encrypted with another key or other additional data",
      cause: error,
    })
    : new SpikeError(error.code, message, {
      hint: "Nexus stopped answering; retry later",
      cause: error,
    });
}

/** Whether Nexus answers, be it with a refusal to this identity. */
async function isServing(client: Pick<Client, "status">): Promise<boolean> {
  try {
    return (await client.status()).state === "ready";
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    return error.code === "access_unauthorized";
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
      hint: "Pass --nonce and --ciphertext together",
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
  throw new SpikeError("usage", `Flag --version is ${quoteValue(given)}, expected 0 to 255`);
}

/** Nexus would say that it knows no version 0. */
function requireNoHeader(input: Uint8Array): void {
  if (!hasCipherMagic(input)) return;
  throw new SpikeError("usage", "The ciphertext was encrypted with a named key", {
    hint: "Pass --key NAME",
  });
}

function explainNamed(error: unknown, key: string): unknown {
  if (!(error instanceof SpikeError) || error.code !== "api_bad_request" || error.reason) {
    return explainKey(error, key);
  }
  return new SpikeError("api_bad_request", "Nexus did not accept the ciphertext", {
    hint: `The ciphertext is not from key ${key}, or longer than the limit (default 65536 bytes)`,
    cause: error,
  });
}

/** The general words of Nexus, as they are meant here. */
function explain(error: unknown): unknown {
  if (!(error instanceof SpikeError)) return error;
  if (error.code === "api_internal_error") {
    return new SpikeError("crypto_decryption_failed", "Nexus could not decrypt the ciphertext", {
      hint: "The ciphertext was modified or encrypted with another key; see also the log of Nexus",
      cause: error,
    });
  }
  if (error.code === "api_bad_request" && !error.reason) {
    return new SpikeError("api_bad_request", "Nexus did not accept the ciphertext", {
      hint:
        "The version is not supported, or the ciphertext is longer than the limit (default 65536 bytes)",
      cause: error,
    });
  }
  return error;
}
