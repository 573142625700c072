import { SpikeError } from "../../../lib/error/error.ts";
import { parseKeyName } from "../../../lib/cipher/key_name.ts";
import type { ByteExtras } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { readFile, readInput } from "../terminal/input.ts";
import { asInputError } from "../terminal/report.ts";

/** Most bytes of additional data that Nexus takes. */
const MAX_AAD_BYTES = 4096;

/** The flags that go with a ciphertext. */
export interface ExtraFlags {
  readonly key?: string;
  readonly aad?: string;
}

/** What is known of standard input. */
export interface StdinUse {
  /** Whether something else is read from it. */
  readonly isStdinTaken: boolean;
  readonly mayAsk: boolean;
}

/**
 * Reads key and additional data: a text, `@file` or `-`.
 *
 * @throws SpikeError `usage`, `data_invalid_input` or `fs_file_open_failed`
 */
export async function readExtras(
  deps: PilotIo,
  { key, aad }: ExtraFlags,
  use: StdinUse,
): Promise<ByteExtras> {
  if (key === "") throw new SpikeError("usage", "Flag --key is empty, expected the name of a key");
  if (key !== undefined) asInputError(() => parseKeyName(key));
  const bytes = aad === undefined ? undefined : await readAad(deps, aad, use);
  return { ...(key === undefined ? {} : { key }), ...(bytes ? { aad: bytes } : {}) };
}

async function readAad(
  deps: PilotIo,
  given: string,
  { isStdinTaken, mayAsk }: StdinUse,
): Promise<Uint8Array> {
  if (given.startsWith("@")) {
    return await readFile(given.slice(1), MAX_AAD_BYTES, "Additional data");
  }
  if (given !== "-") return checked(new TextEncoder().encode(given));
  if (isStdinTaken) {
    throw new SpikeError("usage", "Input and --aad both read standard input", {
      hint: "Pass one of them as a file",
    });
  }
  return await readInput(deps, { file: "-", limitBytes: MAX_AAD_BYTES, mayAsk });
}

function checked(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= MAX_AAD_BYTES) return bytes;
  throw new SpikeError(
    "data_invalid_input",
    `Additional data is ${bytes.length} bytes long, at most ${MAX_AAD_BYTES} are allowed`,
  );
}

/** The refusal for a name that no key has. */
function noSuchKey(key: string, cause: unknown): SpikeError {
  return new SpikeError("api_not_found", `Cipher key not found: ${JSON.stringify(key)}`, {
    hint: "See `spike cipher key list`",
    cause,
  });
}

/** The refusal for a ciphertext of a version that its key does not decrypt. */
function tooOld(key: string, cause: unknown): SpikeError {
  const message = `Cipher key ${
    JSON.stringify(key)
  } does not decrypt the version of this ciphertext`;
  return new SpikeError("crypto_unsupported_version", message, {
    hint:
      `See \`spike cipher key list ${key}\`; who manages the key can lower its lowest version with \`spike cipher key set ${key} --min-version N\``,
    cause,
  });
}

/** A refusal that has to do with the key, told with its name. */
export function explainKey(error: unknown, key: string | undefined): unknown {
  if (!(error instanceof SpikeError) || key === undefined) return error;
  const { code, message, hint, reason } = error;
  if (code === "api_not_found") return noSuchKey(key, error);
  if (code === "crypto_unsupported_version") return tooOld(key, error);
  if (hint === undefined || !/\bNAME\b/.test(hint)) return error;
  return new SpikeError(code, message, {
    hint: hint.replace(/\bNAME\b/, key),
    ...(reason === undefined ? {} : { reason }),
    cause: error,
  });
}
