import { SpikeError } from "../api/error.ts";

/** One block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** What stands after BEGIN, such as `CERTIFICATE` or `PRIVATE KEY`. */
  readonly label: string;
  readonly der: Uint8Array<ArrayBuffer>;
}

const BEGIN = /^-----BEGIN ([A-Z0-9][A-Z0-9 .]*)-----$/;

/** Writes one PEM block, with lines of 64 characters and a final newline (RFC 7468 section 3). */
export function pemEncode(label: string, der: Uint8Array): string {
  const lines = der.toBase64().match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/**
 * Reads all PEM blocks of a text, in order. Text outside the blocks is explanation and is ignored; inside one
 * only base64 is taken, so headers of encrypted legacy keys are refused. No block at all gives an empty list.
 *
 * @throws {SpikeError} `data_invalid_input` naming the line; never with content, which may be a key.
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
    const end = lines.findIndex((line, at) => at > i && line.startsWith("-----"));
    if (end < 0 || lines[end] !== `-----END ${label}-----`) {
      throw malformed(i, `block ${label} is not ended`);
    }
    blocks.push({ label, der: decodeBody(lines.slice(i + 1, end).join(""), i, label) });
    i = end;
  }
  return blocks;
}

function decodeBody(body: string, line: number, label: string): Uint8Array<ArrayBuffer> {
  if (body === "") throw malformed(line, `block ${label} is empty`);
  try {
    return Uint8Array.fromBase64(body, { lastChunkHandling: "strict" });
  } catch {
    // The engine's message may quote the text, and the text may be a private key.
    throw malformed(line, `block ${label} is not base64`);
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
