/** Finds what is newer than a backup of the same store, so that no restore loses changes unnoticed. */
import { basename, dirname, join } from "node:path";
import { SpikeError } from "../error/error.ts";
import {
  listLogFiles,
  listLogs,
  type LogKey,
  nativeVerifier,
  openCheckpoint,
  parseLine,
  splitLines,
} from "../audit/mod.ts";
import type { StoreState } from "./contents.ts";
import { type BackupManifest, openManifest } from "./manifest.ts";
import { readNote } from "./os_verify.ts";

/** Where to look. */
export interface NewerRequest {
  /** Manifest of the backup to restore. */
  readonly manifest: BackupManifest;
  /** The manifest's own file: others of the same store may lie beside it. */
  readonly manifestPath: string;
  /** Audit logs that are here. */
  readonly auditDirectory: string;
  /** Manifests and checkpoints that were kept elsewhere. */
  readonly known: readonly string[];
  /** Keys whose signatures are accepted. Default: the key in the manifest. */
  readonly keys?: readonly LogKey[];
}

/** Sentences about what a restore would undo, or may undo. */
export function findNewer(request: NewerRequest): string[] {
  return [
    ...laterManifests(request),
    ...request.known.flatMap((path) => laterThan(request, path)),
    ...laterRecords(request),
  ];
}

/** Whether one state of a store is later than another. */
export function isLater(a: StoreState, b: StoreState): boolean {
  return a.restores > b.restores || (a.restores === b.restores && a.revision > b.revision);
}

function laterManifests(request: NewerRequest): string[] {
  const { manifestPath } = request;
  const directory = dirname(manifestPath);
  return [...Deno.readDirSync(directory)]
    .filter(({ name }) => name.endsWith(".manifest") && name !== basename(manifestPath))
    .flatMap(({ name }) => {
      const other = trustedManifest(request, () => readNote(join(directory, name)));
      return other ? describeLater(request.manifest, other, name) : [];
    }).sort();
}

/** Undefined for a file that is not a manifest, is of another store, or is not signed by an accepted key. */
function trustedManifest(
  { manifest, keys = [manifest.key] }: NewerRequest,
  read: () => string,
): BackupManifest | undefined {
  try {
    const { manifest: other, isSigned } = openManifest(read(), nativeVerifier());
    const isTrusted = keys.some((key) =>
      key.log === other.key.log && key.publicKey.toHex() === other.key.publicKey.toHex()
    );
    return isSigned && isTrusted && other.store.id === manifest.store.id ? other : undefined;
  } catch (error) {
    if (error instanceof SpikeError) return undefined;
    throw error;
  }
}

function describeLater({ store }: BackupManifest, other: BackupManifest, name: string): string[] {
  if (!isLater(other.store, store)) return [];
  const at = new Date(other.createdAtMs).toISOString();
  return [
    `Backup ${name} of ${at} is newer: revision ${other.store.revision}, this one has ${store.revision}`,
  ];
}

function laterThan(request: NewerRequest, path: string): string[] {
  const { manifest, keys = [manifest.key] } = request;
  const note = readNote(path);
  if (note.startsWith("{")) {
    const other = trustedManifest(request, () => note);
    if (other) return describeLater(manifest, other, basename(path));
  } else {
    const verify = nativeVerifier();
    const held = keys.map((key) => openCheckpoint(note, key, verify)).find((one) => one);
    const before = openCheckpoint(manifest.checkpoint, manifest.key, verify);
    if (held) {
      const isLater = held.log === before?.log
        ? held.size > before.size
        : held.timeMs > manifest.createdAtMs;
      return isLater
        ? [
          `Checkpoint ${basename(path)} is of ${
            new Date(held.timeMs).toISOString()
          }, after this backup: what was recorded since is not in it`,
        ]
        : [];
    }
  }
  throw new SpikeError(
    "data_invalid_input",
    `File ${
      JSON.stringify(path)
    } is not a checkpoint or manifest of this store signed by one of the keys`,
    { hint: "Pass the keys that `spike audit export` wrote with --key" },
  );
}

interface Told {
  readonly time: number;
  readonly revision?: number;
  readonly event?: string;
  readonly changes?: readonly Readonly<Record<string, unknown>>[];
}

const TELLING = /^\{"format":[12],"n":\d+,"kind":"(?:change|notice)"/;
/** Changes of this kind may be lost without harm. */
const NOT_MISSED = "mark";

/** Changes that are in the audit logs and cannot be in the backup. */
function laterRecords({ manifest, auditDirectory }: NewerRequest): string[] {
  let [count, lastMs, isOtherCount] = [0, 0, false];
  for (const log of listLogs(auditDirectory)) {
    for (const { time, revision = 0, event, changes = [] } of told(auditDirectory, log)) {
      if (time < manifest.createdAtMs) continue;
      // From here on revisions are counted anew.
      isOtherCount ||= event === "store_rolled_back" || event === "store_restored";
      const isMissed = changes.some((change) => !(NOT_MISSED in change));
      if (!isMissed || (revision <= manifest.store.revision && !isOtherCount)) continue;
      count++;
      lastMs = Math.max(lastMs, time);
    }
  }
  return count === 0 ? [] : [
    `The audit log here records ${count} ${
      count === 1 ? "change" : "changes"
    } after this backup, the last at ${new Date(lastMs).toISOString()}`,
  ];
}

function* told(directory: string, log: string): Generator<Told> {
  const decoder = new TextDecoder();
  for (const { path } of listLogFiles(directory, log)) {
    for (const text of splitLines(Deno.readFileSync(path)).lines) {
      const line = parseLine(text);
      if (line.kind !== "record" || !TELLING.test(decoder.decode(line.bytes.subarray(0, 80)))) {
        continue;
      }
      yield JSON.parse(decoder.decode(line.bytes));
    }
  }
}
