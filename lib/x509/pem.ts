import { SpikeError } from "../error/error.ts";

/** One block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** The label after BEGIN, such as `CERTIFICATE` or `PRIVATE KEY`. */
  readonly label: string;
  /** The decoded content. */
  readonly der: Uint8Array<ArrayBuffer>;
}

const BEGIN = /^-----BEGIN ([A-Z0-9][A-Z0-9 .]*)-----$/;

/** Writes one PEM block, with lines of 64 characters and a final newline (RFC 7468 section 3). */
export function pemEncode(label: string, der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/**
 * Reads all PEM blocks of a text, in order. Text outside the blocks is ignored; inside a block only base64
 * is accepted, so headers of encrypted legacy keys are rejected. A text without blocks gives an empty list.
 *
 * @throws {SpikeError} data_invalid_input naming the line; never with content, which may be a key
 */
export function pemDecodeAll(text: string): PemBlock[] {
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim());
  const blocks: PemBlock[] = [];
  for (let i = 0; i < lines.length; i++) {
    const label = BEGIN.exec(lines[i] ?? "")?.[1];
    if (label === undefined) {
      if (lines[i]?.startsWith("-----")) throw malformed(i, "a boundary that begins no block");
      continue;
    }
    let end = i + 1;
    while (end < lines.length && !lines[end]?.startsWith("-----")) end++;
    if (lines[end] !== `-----END ${label}-----`) {
      throw malformed(i, `block ${knownLabel(label)} is not ended`);
    }
    blocks.push({ label, der: decodeBody(lines.slice(i + 1, end), i, label) });
    i = end;
  }
  return blocks;
}

const LABELS: ReadonlySet<string> = new Set([
  "CERTIFICATE",
  "TRUSTED CERTIFICATE",
  "X509 CRL",
  "CERTIFICATE REQUEST",
  "PKCS7",
  "PUBLIC KEY",
  "PRIVATE KEY",
  "ENCRYPTED PRIVATE KEY",
  "EC PARAMETERS",
  "EC PRIVATE KEY",
  "RSA PRIVATE KEY",
  "DSA PRIVATE KEY",
  "OPENSSH PRIVATE KEY",
]);

/** A label for messages. Any unknown text is hidden, because it can be a part of a key. */
export function knownLabel(label: string): string {
  return LABELS.has(label) ? label : "of another kind";
}

function decodeBody(
  lines: readonly string[],
  line: number,
  label: string,
): Uint8Array<ArrayBuffer> {
  const body = lines.join("");
  const what = `block ${knownLabel(label)}`;
  if (body === "") throw malformed(line, `${what} is empty`);
  // RFC 1421: only a key with a passphrase has such lines.
  if (lines.some((each) => each.includes(":"))) throw malformed(line, `${what} has header lines`);
  try {
    return Uint8Array.fromBase64(body, { lastChunkHandling: "strict" });
  } catch {
    // The engine's message may quote the text, and the text may be a private key.
    throw malformed(line, `${what} is not base64`);
  }
}

function malformed(index: number, why: string): SpikeError {
  return new SpikeError(
    "data_invalid_input",
    `PEM text is malformed at line ${index + 1}: ${why}`,
    {
      hint: "Each block begins with -----BEGIN X----- and ends with -----END X----- of the same X",
    },
  );
}
