import { join } from "node:path";
import {
  listLogFiles,
  parseCheckpoint,
  parseKey,
  recordIn,
  splitLines,
} from "../../../lib/audit/mod.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { fileFault } from "../../../lib/error/os_file_fault.ts";
import type { AuditKeys } from "../../../lib/client/mod.ts";
import { findOutput } from "../../../lib/file/output_place.ts";
import { allLogsIn, readText } from "./files.ts";
import type { PilotIo } from "../io.ts";
import { writeRecord } from "../terminal/output.ts";
import { writeOutput } from "../terminal/private_file.ts";
import { withNexus } from "../session.ts";

const KEYS = "keys.txt";
const encoder = new TextEncoder();

/** `spike audit export`. */
export async function auditExport(
  deps: PilotIo,
  { out, records }: { readonly out?: string; readonly records?: string },
): Promise<void> {
  if (records !== undefined) return printRecords(deps, records);
  const exported = requireExport(await withNexus(deps, ({ client }) => client.auditKeys()));
  if (out === undefined) {
    const note = exported.checkpoint.replace(/\n$/, "").split("\n");
    return deps.stdout.print([...exported.keys, "", ...note]);
  }
  await prepareDirectory(out);
  await pinKeys(out, exported.keys);
  const checkpoint = await writeCheckpoint(out, exported);
  deps.stdout.print(`Wrote ${join(out, KEYS)}${checkpoint ? ` and ${checkpoint}` : ""}`);
}

/** Nothing but keys and a checkpoint is printed or written, where other programs take it for these. */
function requireExport(exported: AuditKeys): AuditKeys {
  const { keys, checkpoint } = exported;
  const isKeys = keys.every((key) => parseKey(key) !== undefined);
  if (isKeys && (checkpoint === "" || parseCheckpoint(checkpoint) !== undefined)) return exported;
  throw new SpikeError(
    "data_unmarshal_failure",
    `Nexus answered with what is not ${isKeys ? "a checkpoint" : "the key of a log"}`,
  );
}

async function prepareDirectory(out: string): Promise<void> {
  try {
    findOutput(out);
    await Deno.mkdir(out, { recursive: true, mode: 0o700 });
    findOutput(out);
  } catch (error) {
    if (error instanceof SpikeError) throw error;
    throw new SpikeError(
      "fs_directory_creation_failed",
      `Directory ${quoteValue(out)} cannot be used: ${fileFault(error)}`,
      { hint: "Use a writable directory", cause: error },
    );
  }
}

/** Adds keys to those that were exported before; one that was is never replaced. */
async function pinKeys(out: string, keys: readonly string[]): Promise<void> {
  const path = join(out, KEYS);
  const before = await readIfThere(path);
  for (const line of before) {
    const pinned = parseKey(line);
    const now = keys.map((key) => parseKey(key)).find((key) => key?.log === pinned?.log);
    if (!pinned || !now || now.publicKey.toHex() === pinned.publicKey.toHex()) continue;
    throw new SpikeError(
      "state_integrity_check",
      `The key of log ${pinned.log} is not the one in ${JSON.stringify(path)}`,
      { hint: "Nothing was written. The log may have been replaced: compare both keys" },
    );
  }
  const all = [...new Set([...before, ...keys])];
  await writeOutput(path, encoder.encode(`${all.join("\n")}\n`));
}

async function readIfThere(path: string): Promise<string[]> {
  try {
    return (await readText("Key file", path)).split("\n").filter((line) => line !== "");
  } catch (error) {
    if (error instanceof SpikeError && error.cause instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function writeCheckpoint(
  out: string,
  { checkpoint }: AuditKeys,
): Promise<string | undefined> {
  const tree = parseCheckpoint(checkpoint);
  if (!tree) return undefined;
  const path = join(out, `${tree.log}-${tree.size}.checkpoint`);
  await writeOutput(path, encoder.encode(checkpoint));
  return path;
}

/** All records of all logs in a directory, one a line, as they were written. */
function printRecords(deps: PilotIo, directory: string): void {
  for (const log of allLogsIn(directory)) {
    for (const { path } of listLogFiles(directory, log)) {
      const { lines } = splitLines(Deno.readFileSync(path));
      for (const line of lines) {
        const record = recordIn(line);
        if (record) writeRecord(deps, record);
      }
    }
  }
}
