import { SpikeError } from "../error/error.ts";
import { MAX_SHARES, requireIndex, type Shard } from "./shard.ts";

/** Length of a shard in text form: that of a root key, bytes. */
export const SHARD_BYTES = 32;

const HEX_LENGTH = SHARD_BYTES * 2;
const HINT = `A shard looks like spike:<index>:<${HEX_LENGTH} hexadecimal characters>`;

/**
 * Writes the text form of a shard: `spike:<index>:<64 lower-case hexadecimal characters>`. The result is secret.
 *
 * @throws {SpikeError} data_invalid_input for an index outside 1 … 255
 * @throws {TypeError} if the shard is not 32 bytes long
 */
export function formatShard(shard: Shard): string {
  requireIndex(shard.index);
  if (shard.bytes.length !== SHARD_BYTES) {
    throw new TypeError(`Shard is ${shard.bytes.length} bytes long, expected ${SHARD_BYTES}`);
  }
  return `spike:${shard.index}:${shard.bytes.toHex()}`;
}

/**
 * Parses the text of {@linkcode formatShard}, case-insensitive and with surrounding white space.
 *
 * @throws {SpikeError} data_invalid_input; the message never repeats anything that can be part of the shard
 */
export function parseShard(text: string): Shard {
  const parts = text.trim().toLowerCase().split(":");
  const [prefix, index, hex] = parts;
  if (parts.length !== 3 || prefix === undefined || index === undefined || hex === undefined) {
    throw malformed(`Shard has ${parts.length} parts separated by colons, expected 3`);
  }
  if (prefix !== "spike") throw malformed('Shard does not start with "spike:"');
  return { index: parseIndex(index), bytes: parseHex(hex) };
}

/** The message shows the index only if it is too short to be anything else. */
function parseIndex(text: string): number {
  const expected = `expected a number from 1 to ${MAX_SHARES}`;
  if (!/^[1-9][0-9]{0,3}$/.test(text)) throw malformed(`Shard index is not valid, ${expected}`);
  const index = Number(text);
  if (index > MAX_SHARES) throw malformed(`Shard index is ${index}, ${expected}`);
  return index;
}

function parseHex(text: string): Uint8Array {
  const wrong = text.search(/[^0-9a-f]/);
  if (wrong >= 0) {
    throw malformed(`Character ${wrong + 1} of the shard's value is not hexadecimal`);
  }
  if (text.length !== HEX_LENGTH) {
    throw malformed(`Shard's value is ${text.length} characters long, expected ${HEX_LENGTH}`);
  }
  return Uint8Array.fromHex(text);
}

function malformed(message: string): SpikeError {
  return new SpikeError("data_invalid_input", message, { hint: HINT });
}
