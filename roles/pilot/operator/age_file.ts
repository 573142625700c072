import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { decodeUtf8 } from "../../../lib/input/utf8.ts";
import type { PilotIo } from "../io.ts";
import { readFile } from "../terminal/input.ts";
import { hasMark, linesOf, type NumberedLine, requireNarrow } from "../terminal/text_file.ts";

/** Longest file of recipients, identities or a passphrase. */
const MAX_LIST_BYTES = 65_536;
const ARMORED = "-----BEGIN AGE ENCRYPTED FILE-----";
const BINARY = "age-encryption.org/v1\n";

/** A public key, and where it was given: what is wrong with one is told by its place. */
export interface Recipient {
  readonly key: string;
  readonly from: string;
}

/** To whom files are encrypted: to people's public keys, or to whoever knows a passphrase. */
export type AgeTarget =
  | { readonly recipients: readonly Recipient[] }
  | { readonly passphrase: string };

/** What opens encrypted files. */
export interface AgeKeys {
  /** `AGE-SECRET-KEY-…`. */
  readonly identities: readonly string[];
  readonly passphrase?: string;
}

/** Encrypts a text, in the armored form that survives paper and clipboards. */
export async function encryptText(text: Uint8Array, target: AgeTarget): Promise<Uint8Array> {
  const { armor, Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  if ("passphrase" in target) encrypter.setPassphrase(target.passphrase);
  else for (const { key } of target.recipients) encrypter.addRecipient(key);
  return new TextEncoder().encode(armor.encode(await encrypter.encrypt(text)));
}

/**
 * Refuses what is not a public key, before anything is asked of Nexus. Somebody may have given a private key instead,
 * so only what looks like a public one is repeated.
 *
 * @throws SpikeError `data_invalid_input` that names the place of the key
 */
export async function requireRecipients(recipients: readonly Recipient[]): Promise<void> {
  const { Encrypter } = await import("age-encryption");
  for (const { key, from } of recipients) {
    try {
      new Encrypter().addRecipient(key);
    } catch (cause) {
      throw noRecipient(key, from, cause);
    }
  }
}

function noRecipient(key: string, from: string, cause: unknown): SpikeError {
  if (/AGE-|PRIVATE KEY/i.test(key)) {
    const message = `${from} looks like a private key, expected a public key such as age1…`;
    const hint = "age-keygen -y prints the public key of an identity file";
    return new SpikeError("data_invalid_input", message, { hint, cause });
  }
  const given = /^age1[a-z0-9]{0,100}$/.test(key) ? ` ${quoteValue(key)}` : "";
  const message = `${from}${given} is not a public key, expected one such as age1…`;
  const hint = "`spike operator keygen` or age-keygen makes a pair of keys";
  return new SpikeError("data_invalid_input", message, { hint, cause });
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
      hint: "Pass the identity file of its custodian with --identity, or --passphrase-file",
      cause,
    });
  }
}

/** The public keys in a file: one a line; empty lines and those that begin with # do not count. */
export async function readRecipients(path: string): Promise<Recipient[]> {
  return (await readLines(path, "File of recipients"))
    .map(({ line, text }) => ({ key: text, from: `Line ${line} of ${quoteValue(path)}` }));
}

/**
 * The identities in a file, as age-keygen writes them.
 *
 * @throws SpikeError `data_invalid_input` that names the line; what it says is not repeated
 */
export async function readIdentities(path: string): Promise<string[]> {
  const { Decrypter } = await import("age-encryption");
  const lines = await readLines(path, "Identity file");
  for (const { line, text } of lines) {
    try {
      new Decrypter().addIdentity(text);
    } catch (cause) {
      throw noIdentity(`Line ${line} of ${quoteValue(path)}`, text, cause);
    }
  }
  if (lines.length > 0) return lines.map(({ text }) => text);
  throw noIdentity(`File ${quoteValue(path)}`, "");
}

function noIdentity(where: string, text: string, cause?: unknown): SpikeError {
  const isPlugin = /^AGE-PLUGIN-/i.test(text);
  const why = isPlugin ? "is for a plugin of age, which is not supported" : "is not an identity";
  return new SpikeError("data_invalid_input", `${where} ${why}, expected AGE-SECRET-KEY-…`, {
    hint: isPlugin
      ? "Decrypt the shard with age and the plugin, then pass it on standard input"
      : "`spike operator keygen` or age-keygen makes one",
    cause,
  });
}

async function readLines(path: string, what: string): Promise<NumberedLine[]> {
  const bytes = await readFile(path, MAX_LIST_BYTES, what);
  return linesOf(bytes, `File ${quoteValue(path)}`);
}

/** The passphrase in a file, its last line end apart; `-` asks for it where a person is. */
export async function readPassphrase(deps: PilotIo, path: string): Promise<string> {
  const passphrase = path === "-" ? await askPassphrase(deps) : await passphraseIn(path);
  if (passphrase !== "") return passphrase;
  throw new SpikeError("data_invalid_input", "The passphrase is empty");
}

/** With a mark it would be another passphrase to some programs and the same to others. */
async function passphraseIn(path: string): Promise<string> {
  const bytes = await readFile(path, MAX_LIST_BYTES, "Passphrase file");
  const what = `File ${quoteValue(path)}`;
  requireNarrow(bytes, what);
  if (!hasMark(bytes)) return decodeUtf8(bytes, what).replace(/\r?\n$/, "");
  throw new SpikeError("data_invalid_input", `${what} begins with a byte order mark`, {
    hint: "Save it as UTF-8 without one",
  });
}

async function askPassphrase(deps: PilotIo): Promise<string> {
  if (!deps.isTerminal) {
    throw new SpikeError(
      "usage",
      "Cannot prompt for the passphrase: standard input is not a terminal",
      {
        hint: "Pass --passphrase-file FILE",
      },
    );
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
  const { osRandom } = await import("../../../lib/seal/os_random.ts");
  const scalar = osRandom(32);
  const identity = bech32.encodeFromBytes("AGE-SECRET-KEY-", scalar).toUpperCase();
  scalar.fill(0);
  const recipient = await identityToRecipient(identity);
  return { text: `# public key: ${recipient}\n${identity}\n`, recipient };
}
