import {
  type Checkpoint,
  listLogFiles,
  listLogs,
  type LogKey,
  nativeVerifier,
  openCheckpoint,
  parseKey,
} from "../../../lib/audit/mod.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import { decodeUtf8 } from "../../../lib/input/utf8.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { fileFault } from "../../../lib/error/os_file_fault.ts";
import { readFile } from "../terminal/input.ts";

/** More than keys, checkpoints and proofs ever have. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

/** Reads a text that the command line names. @throws SpikeError `fs_file_open_failed` or `data_invalid_input` */
export async function readText(what: string, path: string): Promise<string> {
  const name = `${what} ${quoteValue(path)}`;
  return decodeUtf8(await readFile(path, MAX_TEXT_BYTES, name), name);
}

/** The public keys in a file, one a line. @throws SpikeError `data_invalid_input` */
export async function readKeys(path: string): Promise<LogKey[]> {
  const lines = (await readText("Key file", path)).split("\n").filter((line) => line.trim() !== "");
  const keys = lines.map((line, i) => {
    const key = parseKey(line);
    if (key) return key;
    throw new SpikeError(
      "data_invalid_input",
      `Line ${i + 1} of ${quoteValue(path)} is not a public key of an audit log`,
      { hint: "Export the keys with `spike audit export`" },
    );
  });
  if (keys.length > 0) return keys;
  throw new SpikeError("data_invalid_input", `Key file ${quoteValue(path)} is empty`);
}

/** A checkpoint that one of the keys has signed. @throws SpikeError `data_invalid_input` */
export async function readCheckpoint(path: string, keys: readonly LogKey[]): Promise<Checkpoint> {
  return requireCheckpoint(await readText("Checkpoint", path), path, keys);
}

/** As above, for a text that is there already. */
export function requireCheckpoint(
  note: string,
  where: string,
  keys: readonly LogKey[],
): Checkpoint {
  const verify = nativeVerifier();
  for (const key of keys) {
    const checkpoint = openCheckpoint(note, key, verify);
    if (checkpoint) return checkpoint;
  }
  throw new SpikeError(
    "data_invalid_input",
    `Checkpoint ${quoteValue(where)} is not signed by any of the keys`,
    { hint: "Pass the keys that were exported with it" },
  );
}

/** Ids of all logs that lie in a directory. @throws SpikeError `data_invalid_input` for none, `fs_file_open_failed` */
export function allLogsIn(directory: string): string[] {
  let logs: string[];
  try {
    logs = listLogs(directory);
  } catch (error) {
    throw new SpikeError(
      "fs_file_open_failed",
      `Directory ${quoteValue(directory)} cannot be read: ${fileFault(error)}`,
      { cause: error },
    );
  }
  if (logs.length > 0) return logs;
  throw noLog(directory, "holds no audit log");
}

/** Those of the keys whose logs lie in a directory. @throws SpikeError `data_invalid_input` for none */
export function logsIn(directory: string, keys: readonly LogKey[]): LogKey[] {
  const there = allLogsIn(directory);
  const here = keys.filter(({ log }) =>
    there.includes(log) && listLogFiles(directory, log).length > 0
  );
  if (here.length > 0) return here;
  throw noLog(directory, "holds no log of the keys given");
}

function noLog(directory: string, why: string): SpikeError {
  return new SpikeError("data_invalid_input", `Directory ${quoteValue(directory)} ${why}`, {
    hint: "Name the directory audit in the data directory of Nexus, or a copy of it",
  });
}
