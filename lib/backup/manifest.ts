import { SpikeError } from "../error/error.ts";
import { parseTime } from "../api/time.ts";
import { quoteValue } from "../text/quote.ts";
import { formatKey, type LogKey, openNote, parseKey, type Sign, signNote } from "../audit/note.ts";
import type { Verify } from "../audit/note.ts";
import type { Contents } from "./contents.ts";
import { chunkBytesFor, type FileDigest } from "./digest.ts";

/** What a backup is, in the clear: it holds nothing secret. */
export interface BackupManifest extends Contents {
  /** Milliseconds since the epoch: when the copy was begun. */
  readonly createdAtMs: number;
  /** Version of the program that made it. */
  readonly spike: string;
  /** Length, page size and digests of the database file. */
  readonly file: FileDigest & { readonly pageBytes: number };
  /** The newest signed checkpoint of the audit log before the copy was begun; empty before the first. */
  readonly checkpoint: string;
  /** The key that signs: that of the audit log of the Nexus that made it. */
  readonly key: LogKey;
}

const KIND = "spike backup";
const FORMAT = 1;
/** No manifest is longer, in bytes. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;

/** The manifest as a signed note: JSON, an empty line and a signature (C2SP `signed-note`). */
export function signManifest(manifest: BackupManifest, sign: Sign): string {
  return signNote(bodyOf(manifest), manifest.key, sign);
}

/** The text that is signed. There is one text for each manifest. */
function bodyOf(manifest: BackupManifest): string {
  const { createdAtMs, spike, store, file, counts, recovery, checkpoint, key } = manifest;
  const stated = {
    kind: KIND,
    format: FORMAT,
    createdAt: new Date(createdAtMs).toISOString(),
    spike,
    store: {
      id: store.id,
      format: store.format,
      revision: store.revision,
      restores: store.restores,
    },
    counts: {
      paths: counts.paths,
      versions: counts.versions,
      policies: counts.policies,
      cipherKeys: counts.cipherKeys,
      keks: counts.keks,
    },
    recovery: {
      scheme: recovery.scheme,
      setId: recovery.setId,
      generation: recovery.generation,
      threshold: recovery.threshold,
      shares: recovery.shares,
      rootEpoch: recovery.rootEpoch,
      commitments: recovery.commitments,
    },
    audit: { key: formatKey(key), checkpoint },
    file: {
      bytes: file.bytes,
      pageBytes: file.pageBytes,
      sha256: file.sha256,
      chunkBytes: file.chunkBytes,
      chunks: file.chunks,
    },
  };
  return `${JSON.stringify(stated, null, 2)}\n`;
}

/** A manifest as it was read, and whether its own key has signed it. */
export interface OpenedManifest {
  /** The manifest that was opened. */
  readonly manifest: BackupManifest;
  /** False when a byte of it or of its signature was changed. */
  readonly isSigned: boolean;
}

/**
 * Reads a manifest and checks its signature against the key that it names. The caller decides whether that key is the
 * right one.
 *
 * @throws SpikeError `data_invalid_input` for anything but a manifest
 */
export function openManifest(note: string, verify: Verify): OpenedManifest {
  const end = note.lastIndexOf("\n\n— ");
  const body = end < 0 ? note : note.slice(0, end + 1);
  const manifest = decodeBody(body);
  return { manifest, isSigned: openNote(note, manifest.key, verify) === body };
}

function decodeBody(body: string): BackupManifest {
  let manifest: BackupManifest;
  try {
    manifest = readBody(JSON.parse(body));
  } catch (cause) {
    if (cause instanceof SpikeError) throw cause;
    // The parser's message quotes the file.
    throw noManifest(cause instanceof SyntaxError ? "it is not JSON" : messageOf(cause), cause);
  }
  const again = bodyOf(manifest);
  if (again === body) return manifest;
  const line = again.split("\n").findIndex((text, i) => text !== body.split("\n")[i]) + 1;
  throw noManifest(`line ${line} is not as spike writes it`);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "unreadable";
}

function noManifest(why: string, cause?: unknown): SpikeError {
  return new SpikeError("data_invalid_input", `The manifest cannot be read: ${why}`, {
    hint: "Pass the manifest that `spike operator backup` wrote beside the backup, unchanged",
    cause,
  });
}

type Given = Readonly<Record<string, unknown>>;

function readBody(given: Given): BackupManifest {
  if (Object(given).kind !== KIND) throw new RangeError(`it is no ${KIND}`);
  if (given["format"] !== FORMAT) {
    throw new SpikeError(
      "data_invalid_input",
      `The manifest has format ${quoteValue(given["format"])}, expected ${FORMAT}`,
      { hint: "Use the version of spike that wrote it, or a newer one" },
    );
  }
  const audit = part(given, "audit");
  const key = parseKey(text(audit, "key", /^.{1,200}$/));
  if (!key) throw new RangeError("member key is not a public key of an audit log");
  return {
    createdAtMs: timeOf(given),
    spike: text(given, "spike", /^[0-9A-Za-z.+-]{1,40}$/),
    ...readContentsOf(given),
    checkpoint: text(audit, "checkpoint", /^[^]{0,1000}$/),
    key,
    file: readFile(part(given, "file")),
  };
}

function readContentsOf(given: Given): Contents {
  const [store, counts] = [part(given, "store"), part(given, "counts")];
  const recovery = part(given, "recovery");
  const shares = count(recovery, "shares", 1, 255);
  const commitments = texts(recovery, "commitments", /^[0-9a-f]{64}$/);
  if (commitments.length !== 0 && commitments.length !== shares) {
    throw new RangeError(`there are ${commitments.length} commitments for ${shares} shards`);
  }
  return {
    store: {
      id: text(store, "id", /^[0-9a-f]{32}$/),
      format: count(store, "format", 1),
      revision: count(store, "revision"),
      restores: count(store, "restores"),
    },
    counts: {
      paths: count(counts, "paths"),
      versions: count(counts, "versions"),
      policies: count(counts, "policies"),
      cipherKeys: count(counts, "cipherKeys"),
      keks: count(counts, "keks"),
    },
    recovery: {
      scheme: text(recovery, "scheme", /^(gf256|p256)$/),
      setId: text(recovery, "setId", /^[0-9a-f]{32}$/),
      generation: count(recovery, "generation", 1),
      threshold: count(recovery, "threshold", 1, shares),
      shares,
      rootEpoch: count(recovery, "rootEpoch", 1),
      commitments,
    },
  };
}

function readFile(given: Given): BackupManifest["file"] {
  const pageBytes = count(given, "pageBytes", 512, 65_536);
  const file = {
    bytes: count(given, "bytes", 1),
    pageBytes,
    sha256: text(given, "sha256", /^[0-9a-f]{64}$/),
    chunkBytes: count(given, "chunkBytes", pageBytes),
    chunks: texts(given, "chunks", /^[0-9a-f]{64}$/),
  };
  const { bytes, chunkBytes, chunks } = file;
  const isEven = (pageBytes & (pageBytes - 1)) === 0 && bytes % pageBytes === 0 &&
    chunkBytes === chunkBytesFor(bytes, pageBytes);
  if (!isEven || chunks.length !== Math.ceil(bytes / chunkBytes)) {
    throw new RangeError("its numbers of bytes, pages and chunks do not fit");
  }
  return file;
}

function part(given: Given, name: string): Given {
  const value = given[name];
  if (typeof value === "object" && value !== null) return value as Given;
  throw new RangeError(`member ${name} is missing`);
}

function text(given: Given, name: string, pattern: RegExp): string {
  const value = given[name];
  if (typeof value === "string" && pattern.test(value)) return value;
  throw new RangeError(`member ${name} is not what it has to be`);
}

function texts(given: Given, name: string, pattern: RegExp): string[] {
  const value = given[name];
  if (Array.isArray(value) && value.every((one) => typeof one === "string" && pattern.test(one))) {
    return value;
  }
  throw new RangeError(`member ${name} is not what it has to be`);
}

function count(given: Given, name: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const value = given[name];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw new RangeError(`member ${name} is not a whole number from ${least} to ${most}`);
}

function timeOf(given: Given): number {
  const atMs = parseTime(text(given, "createdAt", /\.\d{3}Z$/));
  if (atMs === undefined) throw new RangeError("member createdAt is not a time");
  return atMs;
}
