import { SpikeError } from "../error/error.ts";
import { parseTime } from "../api/time.ts";
import { quoteValue } from "../text/quote.ts";
import type { Shard } from "../shamir/mod.ts";
import { isSameId, type Scheme } from "./stamp.ts";
import { belongsTo, type CommittedSet } from "./record.ts";

const KIND = "spike recovery manifest";
const FORMAT = 1;

/**
 * Accompanies exported shards, so that each can be recognized offline and without the others. It holds
 * nothing secret: a commitment is a hash of 256 unguessable bits.
 */
export interface RecoveryManifest extends CommittedSet {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly exportedAtMs: number;
}

/** A manifest as it travels and as its file has it, apart from the file's first two members. */
export interface ManifestMessage {
  /** 16 bytes, lower-case hex. */
  readonly storeId: string;
  /** Scheme of the shards: `gf256` or `p256`. */
  readonly scheme: string;
  /** 16 bytes, lower-case hex. */
  readonly setId: string;
  /** Generation of the shard set, from 1. */
  readonly generation: number;
  /** Shards that rebuild the root key. */
  readonly threshold: number;
  /** Shards in the set. */
  readonly shares: number;
  /** By decimal index, lower-case hex. */
  readonly commitments: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly exportedAt: string;
}

/** A manifest on its way. */
export function encodeManifest(manifest: RecoveryManifest): ManifestMessage {
  const { storeId, scheme, setId, generation, threshold, shares, commitments } = manifest;
  return {
    storeId: storeId.toHex(),
    scheme,
    setId: setId.toHex(),
    generation,
    threshold,
    shares,
    commitments: Object.fromEntries(
      commitments.map((commitment, i) => [String(i + 1), commitment.toHex()]),
    ),
    exportedAt: new Date(manifest.exportedAtMs).toISOString(),
  };
}

/**
 * Reads a manifest that came from elsewhere.
 *
 * @throws SpikeError `data_invalid_input`
 */
export function decodeManifest(message: unknown): RecoveryManifest {
  const given = message as Partial<ManifestMessage>;
  try {
    const shares = count(given.shares, 255);
    const texts = given.commitments ?? {};
    if (Object.keys(texts).length !== shares) throw new RangeError("commitments");
    return {
      storeId: hex(given.storeId, 16),
      scheme: schemeOf(given.scheme),
      setId: hex(given.setId, 16),
      generation: count(given.generation, Number.MAX_SAFE_INTEGER),
      threshold: count(given.threshold, shares),
      shares,
      commitments: Array.from({ length: shares }, (_, i) => hex(texts[String(i + 1)], 32)),
      exportedAtMs: timeOf(given.exportedAt),
    };
  } catch (cause) {
    throw new SpikeError("data_invalid_input", "The manifest is incomplete or inconsistent", {
      hint: "Use manifest.json as `spike operator recover` wrote it",
      cause,
    });
  }
}

/** The text of `manifest.json`. */
export function formatManifest(manifest: RecoveryManifest): string {
  const file = { kind: KIND, format: FORMAT, ...encodeManifest(manifest) };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/**
 * Reads the text of `manifest.json`.
 *
 * @throws SpikeError `data_invalid_input`
 */
export function parseManifest(text: string): RecoveryManifest {
  let file: { kind?: unknown; format?: unknown } | null;
  try {
    file = JSON.parse(text);
  } catch (cause) {
    throw new SpikeError("data_invalid_input", "The manifest is not JSON", { cause });
  }
  if (file?.kind !== KIND) {
    throw new SpikeError("data_invalid_input", `The file is not a ${KIND}`);
  }
  if (file.format !== FORMAT) {
    throw new SpikeError(
      "data_invalid_input",
      `The manifest has format ${quoteValue(file.format)}, expected ${FORMAT}`,
      { hint: "Use the version of spike that wrote it, or a newer one" },
    );
  }
  return decodeManifest(file);
}

/**
 * Refuses a shard that is not the one the manifest has at its index: mistyped, renumbered or of another set.
 *
 * @throws SpikeError `data_invalid_input`, naming the index
 */
export function requireListed(manifest: RecoveryManifest, { index, bytes }: Shard): void {
  const { generation, shares } = manifest;
  if (index > shares) {
    throw new SpikeError(
      "data_invalid_input",
      `Shard index is ${index}, the manifest of generation ${generation} has 1 to ${shares}`,
    );
  }
  if (belongsTo(manifest, index, bytes)) return;
  throw new SpikeError(
    "data_invalid_input",
    `Shard ${index} is not the one in the manifest of generation ${generation}`,
    { hint: "Check for a typing error, a changed number, or a shard of another export" },
  );
}

/** Whether two manifests are about the same shards. */
export function isSameSet(a: RecoveryManifest, b: RecoveryManifest): boolean {
  const commitmentsOf = ({ commitments }: RecoveryManifest) =>
    commitments.map((c) => c.toHex()).join();
  return isSameId(a.setId, b.setId) && isSameId(a.storeId, b.storeId) &&
    a.threshold === b.threshold && commitmentsOf(a) === commitmentsOf(b);
}

function count(value: unknown, most: number): number {
  if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most) {
    return Number(value);
  }
  throw new RangeError("count");
}

function hex(text: unknown, length: number): Uint8Array {
  const bytes = Uint8Array.fromHex(String(text));
  if (bytes.length !== length) throw new RangeError("length");
  return bytes;
}

function schemeOf(text: unknown): Scheme {
  if (text === "gf256" || text === "p256") return text;
  throw new RangeError("scheme");
}

function timeOf(text: unknown): number {
  const atMs = parseTime(String(text));
  if (atMs === undefined) throw new RangeError("time");
  return atMs;
}
