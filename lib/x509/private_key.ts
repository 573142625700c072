import { SpikeError } from "../error/error.ts";
import { Der, DerError, readSmallInteger, TAG } from "./der.ts";
import { inFile } from "./pem_file.ts";
import { knownLabel, type PemBlock, pemDecodeAll } from "./pem.ts";

/** rsaEncryption with its NULL (RFC 8017 appendix C), and id-ecPublicKey (RFC 5480). */
const RSA_ALGORITHM = Uint8Array.fromHex("300d06092a864886f70d0101010500");
const EC_OID = Uint8Array.fromHex("06072a8648ce3d0201");
const VERSION_0 = Uint8Array.fromHex("020100");

/**
 * Reads the one private key of a PEM text as PKCS#8 (RFC 5958). Keys in SEC1 (RFC 5915) and PKCS#1 form (RFC 8017
 * appendix A.1.2) are wrapped. The caller wipes the result.
 *
 * @throws {SpikeError} data_invalid_input naming the file, never its content
 */
export function readPrivateKey(text: string, path: string): Uint8Array<ArrayBuffer> {
  // Blanks within one line only: across the whole file the search would take quadratic time.
  if (/^[ \t]*Proc-Type:[^\n\r]*ENCRYPTED/m.test(text)) throw encrypted(path);
  const blocks = inFile(path, () => pemDecodeAll(text));
  try {
    const keys = blocks.filter(({ label }) => label.endsWith("PRIVATE KEY"));
    const [key, ...others] = keys;
    if (key === undefined) throw unusable(path, `has ${labelsOf(blocks)}`);
    if (others.length > 0) {
      throw new SpikeError(
        "data_invalid_input",
        `Key file ${path} has ${keys.length} private keys, expected one`,
        { hint: "Keep the key of the SVID in a file of its own" },
      );
    }
    if (key.label === "ENCRYPTED PRIVATE KEY") throw encrypted(path);
    const der = toPkcs8(key, blocks);
    if (der === undefined) throw unusable(path, `has ${labelsOf([key])}`);
    return der;
  } finally {
    for (const { der } of blocks) der.fill(0);
  }
}

function toPkcs8(
  { label, der }: PemBlock,
  all: readonly PemBlock[],
): Uint8Array<ArrayBuffer> | undefined {
  if (label === "PRIVATE KEY") return der.slice();
  try {
    if (label === "RSA PRIVATE KEY") return wrapRsa(der);
    const parameters = all.find((block) => block.label === "EC PARAMETERS")?.der;
    if (label === "EC PRIVATE KEY") return wrapEc(der, parameters);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
  }
  return undefined;
}

function wrapRsa(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const items = Der.parse(der).items(TAG.sequence, "key");
  if (readSmallInteger(items.take(), "version") !== 0) throw new DerError("multi-prime key");
  // Modulus, exponents, primes, their exponents and the coefficient.
  for (let i = 0; i < 8; i++) items.take().expect(TAG.integer, "key");
  items.end();
  return wrap(RSA_ALGORITHM, der);
}

/** The curve is named in the key, or in a separate block that OpenSSL writes before it. */
function wrapEc(der: Uint8Array, beside: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  const items = Der.parse(der).items(TAG.sequence, "key");
  if (readSmallInteger(items.take(), "version") !== 1) throw new DerError("not SEC1");
  items.take().expect(TAG.octetString, "key");
  const inside = items.takeIf(0xa0)?.items(0xa0, "parameters").take();
  items.takeIf(0xa1);
  items.end();
  const curve = (inside ?? Der.parse(beside ?? new Uint8Array())).expect(TAG.oid, "curve");
  return wrap(element(TAG.sequence, EC_OID, curve.raw), der);
}

function wrap(algorithm: Uint8Array, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const inner = element(TAG.octetString, key);
  const whole = element(TAG.sequence, VERSION_0, algorithm, inner);
  inner.fill(0);
  return whole;
}

/** One DER element of at most 65,535 bytes. */
function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  if (size > 0xffff) throw new DerError("too long");
  const length = size < 0x80
    ? [size]
    : size < 0x100
    ? [0x81, size]
    : [0x82, size >> 8, size & 0xff];
  const whole = new Uint8Array(1 + length.length + size);
  whole.set([tag, ...length]);
  let at = 1 + length.length;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function labelsOf(blocks: readonly PemBlock[]): string {
  if (blocks.length === 0) return "no PEM block";
  const labels = new Set(blocks.map(({ label }) => knownLabel(label)));
  return [...labels].join(", ");
}

function unusable(path: string, what: string): SpikeError {
  return new SpikeError(
    "data_invalid_input",
    `Key file ${path} ${what}, expected PRIVATE KEY (unencrypted PKCS#8), EC PRIVATE KEY or RSA PRIVATE KEY`,
    { hint: `Convert it with: ${conversionOf(path)}` },
  );
}

function encrypted(path: string): SpikeError {
  return new SpikeError(
    "data_invalid_input",
    `Key file ${path} is encrypted, expected a key without a passphrase`,
    { hint: `Decrypt it with: ${conversionOf(path)}` },
  );
}

/** The command that writes the key as PKCS#8 to a new file, with paths quoted for a shell. */
export function conversionOf(path: string): string {
  return `openssl pkcs8 -topk8 -nocrypt -in ${shellWord(path)} -out ${shellWord(`${path}.pkcs8`)}`;
}

function shellWord(text: string): string {
  return /^[A-Za-z0-9_./+:@%-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
