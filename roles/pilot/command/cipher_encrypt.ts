import { SpikeError } from "../../../lib/api/error.ts";
import type { ByteExtras, Client } from "../../../lib/client/mod.ts";
import { parseBase64 } from "../base64.ts";
import { readExtras } from "../cipher_extras.ts";
import { MAX_CIPHER_INPUT_BYTES } from "../cipher_input.ts";
import type { PilotDeps } from "../deps.ts";
import { render } from "../format.ts";
import { isStdin, readInput } from "../input.ts";
import { refuseTerminal, writeTo } from "../output.ts";
import { withNexus } from "../session.ts";

/** The options of `spike cipher encrypt`. */
export interface EncryptOptions {
  readonly file?: string;
  readonly out?: string;
  readonly plaintext?: string;
  readonly algorithm?: string;
  readonly key?: string;
  readonly aad?: string;
}

/** `spike cipher encrypt`: nothing is written unless Nexus has answered. */
export async function cipherEncrypt(
  deps: PilotDeps,
  options: EncryptOptions,
  mayAsk: boolean,
): Promise<void> {
  const { file, out, plaintext: given, algorithm } = options;
  const isJson = given !== undefined;
  if (isJson && file !== undefined) {
    throw new SpikeError("usage", "Flags --plaintext and --file cannot be given together");
  }
  if (!isJson) refuseTerminal(deps, out);
  const extras = await readExtras(deps, options, {
    isStdinTaken: !isJson && isStdin(file),
    mayAsk,
  });
  const plaintext = isJson
    ? parseBase64("--plaintext", given)
    : await readInput(deps, { file, limitBytes: MAX_CIPHER_INPUT_BYTES, mayAsk });
  try {
    const encrypted = await withNexus(deps, async ({ client }) => {
      try {
        return isJson
          ? await toJson(client, plaintext, { ...extras, algorithm })
          : await client.encryptBlob(plaintext, extras);
      } catch (error) {
        throw explain(error, plaintext.length);
      }
    });
    await writeTo(deps, out, encrypted);
  } finally {
    plaintext.fill(0);
  }
}

async function toJson(
  client: Client,
  plaintext: Uint8Array,
  extras: ByteExtras & { readonly algorithm: string | undefined },
): Promise<Uint8Array> {
  const { version, nonce, ciphertext } = await client.encrypt(plaintext, extras);
  const printed = {
    version,
    // What is encrypted with a named key has its nonce inside.
    ...(extras.key === undefined ? { nonce: nonce.toBase64() } : { key: extras.key }),
    ciphertext: ciphertext.toBase64(),
  };
  return new TextEncoder().encode(`${await render(printed, "json", 2)}\n`);
}

/** An invalid request can here mean only the length. */
function explain(error: unknown, length: number): unknown {
  if (!(error instanceof SpikeError) || error.code !== "api_bad_request") return error;
  return new SpikeError("api_bad_request", `Nexus did not accept a plaintext of ${length} bytes`, {
    hint:
      "Its limit is SPIKE_NEXUS_CRYPTO_MAX_CIPHERTEXT_SIZE without the 16 bytes of the tag, by default 65520",
    cause: error,
  });
}
