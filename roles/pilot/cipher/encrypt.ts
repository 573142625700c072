import { SpikeError } from "../../../lib/error/error.ts";
import type { ByteExtras, Client } from "../../../lib/client/mod.ts";
import { parseBase64 } from "../terminal/base64.ts";
import { explainKey, readExtras } from "./extras.ts";
import type { PilotIo } from "../io.ts";
import { render } from "../terminal/format.ts";
import { isStdin, openInput, peek } from "../terminal/input.ts";
import { refuseTerminal, streamTo, writeTo } from "../terminal/output.ts";
import { withNexus } from "../session.ts";

/** The options of `spike cipher encrypt`. */
export interface EncryptOptions {
  readonly file?: string;
  readonly out?: string;
  readonly plaintext?: string;
  readonly algorithm?: string;
  readonly key?: string;
  readonly aad?: string;
  readonly stream?: boolean;
}

/** Longest plaintext that becomes a blob; Nexus takes as much unless it was told otherwise. */
const MOST_IN_BLOB = 65_520;

/**
 * `spike cipher encrypt`. What is short becomes a blob, which is written once Nexus has answered; what is longer becomes
 * a stream, which is written as it comes about.
 */
export async function cipherEncrypt(
  deps: PilotIo,
  options: EncryptOptions,
  mayAsk: boolean,
): Promise<void> {
  const { file, out, plaintext: given, algorithm, stream = false } = options;
  if (given !== undefined) {
    if (file !== undefined || stream) {
      const other = stream ? "--stream" : "--file";
      throw new SpikeError("usage", `Flags --plaintext and ${other} cannot be given together`);
    }
    const extras = await readExtras(deps, options, { isStdinTaken: false, mayAsk });
    const plaintext = parseBase64("--plaintext", given);
    const call = (client: Client) => toJson(client, plaintext, { ...extras, algorithm });
    return await encryptHeld(deps, options, plaintext, call);
  }
  refuseTerminal(deps, out);
  const extras = await readExtras(deps, options, { isStdinTaken: isStdin(file), mayAsk });
  using input = await openInput(deps, { file, mayAsk });
  const { head, isAll, all } = await peek(input.bytes, MOST_IN_BLOB);
  if (isAll && !stream) {
    return await encryptHeld(deps, options, head, (client) => client.encryptBlob(head, extras));
  }
  await withNexus(deps, async ({ client }) => {
    const { length } = input;
    const encrypted = await client.encryptStream(all, { ...extras, length })
      .catch((error) => {
        throw explainKey(error, options.key);
      });
    await streamTo(deps, out, encrypted);
  });
}

/** Encrypts what is held as a whole. */
async function encryptHeld(
  deps: PilotIo,
  { out, key }: EncryptOptions,
  plaintext: Uint8Array,
  call: (client: Client) => Promise<Uint8Array>,
): Promise<void> {
  try {
    const encrypted = await withNexus(deps, async ({ client }) => {
      try {
        return await call(client);
      } catch (error) {
        throw explainKey(explain(error, plaintext.length), key);
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
      "The limit is SPIKE_NEXUS_CRYPTO_MAX_CIPHERTEXT_SIZE minus 16 bytes for the tag (default 65520)",
    cause: error,
  });
}
