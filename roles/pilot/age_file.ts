import { SpikeError } from "../../lib/api/error.ts";
import { decodeUtf8 } from "../../lib/api/utf8.ts";
import type { PilotDeps } from "./deps.ts";
import { readFile } from "./input.ts";

/** Longest file of recipients, identities or a passphrase. */
const MAX_LIST_BYTES = 65_536;
const ARMORED = "-----BEGIN AGE ENCRYPTED FILE-----";
const BINARY = "age-encryption.org/v1\n";

/** To whom files are encrypted: to people's public keys, or to whoever knows a passphrase. */
export type AgeTarget =
  | { readonly recipients: readonly string[] }
  | { readonly passphrase: string };

/** What opens encrypted files. */
export interface AgeKeys {
  /** `AGE-SECRET-KEY-…`. */
  readonly identities: readonly string[];
  readonly passphrase?: string;
}

/**
 * Encrypts a text, in the armored form that survives paper and clipboards.
 *
 * @throws SpikeError `data_invalid_input`, naming the recipient that is none
 */
export async function encryptText(text: Uint8Array, target: AgeTarget): Promise<Uint8Array> {
  const { armor, Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  if ("passphrase" in target) encrypter.setPassphrase(target.passphrase);
  else {
    for (const recipient of target.recipients) {
      try {
        encrypter.addRecipient(recipient);
      } catch (cause) {
        throw new SpikeError(
          "data_invalid_input",
          `Recipient is ${JSON.stringify(recipient)}, expected a public key such as age1…`,
          { hint: "`spike operator keygen` or age-keygen makes a pair of keys", cause },
        );
      }
    }
  }
  return new TextEncoder().encode(armor.encode(await encrypter.encrypt(text)));
}

/** Whether bytes are an encrypted file. */
export function isEncrypted(bytes: Uint8Array): boolean {
  const head = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
  return head.startsWith(ARMORED) || head.startsWith(BINARY);
}

/**
 * Opens an encrypted file. The caller wipes what it holds.
 *
 * @throws SpikeError `data_invalid_input` when none of the keys opens `name`
 */
export async function decryptFile(
  bytes: Uint8Array,
  { identities, passphrase }: AgeKeys,
  name: string,
): Promise<Uint8Array> {
  const { armor, Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  if (passphrase !== undefined) decrypter.addPassphrase(passphrase);
  try {
    const text = new TextDecoder().decode(bytes).trim();
    return await decrypter.decrypt(text.startsWith(ARMORED) ? armor.decode(text) : bytes);
  } catch (cause) {
    throw new SpikeError("data_invalid_input", `${name} cannot be decrypted with the keys given`, {
      hint: "Give the identity file of its custodian with --identity, or --passphrase-file",
      cause,
    });
  }
}

/** The public keys in a file: one a line; empty lines and those that begin with # do not count. */
export async function readRecipients(path: string): Promise<string[]> {
  return linesOf(await readFile(path, MAX_LIST_BYTES, "File of recipients"));
}

/**
 * The identities in a file, as age-keygen writes them.
 *
 * @throws SpikeError `data_invalid_input` when a line is none; what it says is not repeated
 */
export async function readIdentities(path: string): Promise<string[]> {
  const lines = linesOf(await readFile(path, MAX_LIST_BYTES, "Identity file"));
  if (lines.length > 0 && lines.every((line) => /^AGE-SECRET-KEY-/.test(line))) return lines;
  throw new SpikeError(
    "data_invalid_input",
    `File ${JSON.stringify(path)} is no identity file, expected lines AGE-SECRET-KEY-…`,
    { hint: "`spike operator keygen` or age-keygen makes one" },
  );
}

/** The passphrase in a file, its last line end apart; `-` asks for it where a person is. */
export async function readPassphrase(deps: PilotDeps, path: string): Promise<string> {
  const passphrase = path === "-"
    ? await askPassphrase(deps)
    : decodeUtf8(await readFile(path, MAX_LIST_BYTES, "Passphrase file"), "Passphrase file")
      .replace(/\r?\n$/, "");
  if (passphrase !== "") return passphrase;
  throw new SpikeError("data_invalid_input", "The passphrase is empty");
}

async function askPassphrase(deps: PilotDeps): Promise<string> {
  if (!deps.isTerminal) {
    throw new SpikeError("usage", "There is no terminal to ask for the passphrase at", {
      hint: "Give --passphrase-file the name of a file",
    });
  }
  deps.stderr.prompt("Enter passphrase (hidden): ");
  const line = await deps.readHidden();
  deps.stderr.print("");
  return line;
}

/**
 * A new pair of keys: the text of an identity file, and its public key. The scalar is drawn here, from the operating
 * system, and written as the format says (age-encryption.org/v1, X25519 recipient type).
 */
export async function makeIdentity(): Promise<{ text: string; recipient: string }> {
  const { identityToRecipient } = await import("age-encryption");
  const { bech32 } = await import("@scure/base");
  const { osRandom } = await import("../../lib/seal/os_random.ts");
  const scalar = osRandom(32);
  const identity = bech32.encodeFromBytes("AGE-SECRET-KEY-", scalar).toUpperCase();
  scalar.fill(0);
  const recipient = await identityToRecipient(identity);
  return { text: `# public key: ${recipient}\n${identity}\n`, recipient };
}

function linesOf(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
