import { dirname, join } from "node:path";
import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import {
  type BackupFault,
  type BackupManifest,
  type BackupVerified,
} from "../../../lib/backup/mod.ts";
import { fileFault } from "../../../lib/error/os_file_fault.ts";
import { findOutput } from "../../../lib/file/output_place.ts";
import { counted } from "../terminal/format.ts";
import { removeIfThere } from "../terminal/private_file.ts";

/** What the manifest of a backup is called after. */
export const MANIFEST_END = ".manifest";

/** Where a backup goes: into a directory under a name of its own, or to the name that was given. */
export async function backupPath(given: string, manifest: BackupManifest): Promise<string> {
  const there = findOutput(given);
  const isDirectory = there.facts?.kind === "directory";
  const { path } = isDirectory ? findOutput(join(there.path, nameOf(manifest))) : there;
  for (const each of [path, path + MANIFEST_END]) {
    if (await statIfThere(each) === undefined) continue;
    throw new SpikeError("entity_conflict", `File ${quoteValue(each)} already exists`, {
      hint: "A backup is not replaced: choose another name or remove it first",
    });
  }
  return path;
}

function nameOf({ createdAtMs, store }: BackupManifest): string {
  const time = new Date(createdAtMs).toISOString().replace(/[-:]|\.\d+/g, "");
  return `spike-${time}-r${store.revision}.db`;
}

/** Two files that come about under other names, for their owner alone, and get their own together. */
export class BackupDraft {
  readonly path: string;
  readonly file: string;
  readonly manifest: string;

  constructor(path: string) {
    const draft = join(dirname(path), `.spike.${crypto.randomUUID()}.draft`);
    this.path = path;
    this.file = draft;
    this.manifest = draft + MANIFEST_END;
  }

  /** Writes both and waits until they are on the disk. @throws SpikeError `fs_file_open_failed` */
  async write(manifest: string, database: AsyncIterable<Uint8Array>): Promise<void> {
    const text = new TextEncoder().encode(manifest);
    await this.#guarded(() => writeAll(this.manifest, [text]));
    await this.#guarded(() => writeAll(this.file, database));
  }

  /** The manifest last: a database without one is no backup. */
  async keep(): Promise<void> {
    await this.#guarded(async () => {
      await Deno.rename(this.file, this.path);
      await Deno.rename(this.manifest, this.path + MANIFEST_END);
      using directory = await Deno.open(dirname(this.path), { read: true });
      await directory.sync();
    });
  }

  async discard(): Promise<void> {
    for (const path of [this.file, this.manifest]) await removeIfThere(path);
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof SpikeError) throw error;
      throw new SpikeError(
        "fs_file_open_failed",
        `File ${quoteValue(this.path)} cannot be written: ${fileFault(error)}`,
        { hint: "Check that its directory exists and has room", cause: error },
      );
    }
  }
}

async function writeAll(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  for await (const piece of pieces) {
    for (let rest = piece; rest.length > 0;) rest = rest.subarray(await file.write(rest));
  }
  await file.sync();
}

async function statIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new SpikeError(
      "fs_file_open_failed",
      `${JSON.stringify(path)} cannot be looked at: ${fileFault(error)}`,
      { cause: error },
    );
  }
}

/** Throws `state_integrity_check` for a backup that is not what was made, after `tell` was given each finding. */
export function requireGood(
  { findings, manifest }: BackupVerified,
  tell: (line: string) => void,
): BackupManifest {
  for (const finding of findings) tell(toLine(finding));
  if (manifest && findings.length === 0) return manifest;
  throw new SpikeError(
    "state_integrity_check",
    `The backup does not verify: ${counted(findings.length, "finding")}`,
    { hint: "Use another backup and keep this one for analysis" },
  );
}

function toLine({ where, what }: BackupFault): string {
  return `${where[0]?.toUpperCase()}${where.slice(1)}: ${what}`;
}

/** What a manifest says, for people. */
export function describeBackup(manifest: BackupManifest): string[] {
  const { store, counts, recovery, file, createdAtMs, spike } = manifest;
  const { threshold, shares, generation } = recovery;
  return [
    `Made    : ${new Date(createdAtMs).toISOString()} by spike ${spike}`,
    `Store   : ${store.id}, revision ${store.revision}${
      store.restores === 0 ? "" : `, restored ${counted(store.restores, "time")} before`
    }`,
    `Holds   : ${holdings(counts)}`,
    `Opened  : by the root key of generation ${generation}: from its keepers, or ${threshold} of ${shares} recovery shards`,
    `Database: ${file.bytes} bytes, layout ${store.format}, SHA-256 ${file.sha256}`,
  ];
}

function holdings({ paths, versions, policies, cipherKeys }: BackupManifest["counts"]): string {
  return [
    `${counted(paths, "path")} with ${counted(versions, "version")}`,
    counted(policies, "policy", "policies"),
    counted(cipherKeys, "named cipher key"),
  ].join(", ");
}
