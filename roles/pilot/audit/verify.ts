import {
  type Checkpoint,
  feedLog,
  listLogs,
  type LogFault,
  LogVerifier,
  nativeHash,
  nativeVerifier,
  type Verified,
} from "../../../lib/audit/mod.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import { logsIn, readCheckpoint, readKeys } from "./files.ts";
import type { PilotIo } from "../io.ts";
import { counted, type Format, printAs } from "../terminal/format.ts";

/** What `spike audit verify` was given. */
export interface VerifyInput {
  readonly directory: string;
  readonly key: string;
  readonly checkpoint: readonly string[];
  readonly format: Format;
}

/** `spike audit verify`: fails with `state_integrity_check` after printing when something was found. */
export async function auditVerify(deps: PilotIo, input: VerifyInput): Promise<void> {
  const { directory, format } = input;
  const keys = await readKeys(input.key);
  const held = await Promise.all(input.checkpoint.map((path) => readCheckpoint(path, keys)));
  const present = logsIn(directory, keys);
  const results: Verified[] = [];
  for (const key of present) {
    const verifier = new LogVerifier({ key, held, hash: nativeHash, verify: nativeVerifier() });
    await feedLog(verifier, directory, key.log);
    results.push(verifier.end());
  }
  const absent = held.map(({ log }) => log).filter((log) =>
    !present.some((key) => key.log === log)
  );
  const unknown = listLogs(directory).filter((log) => !keys.some((key) => key.log === log));
  await printAs(deps, format, {
    data: () => ({ logs: results, absent, unknown }),
    lines: () => results.flatMap((result, i) => [...i === 0 ? [] : [""], ...toLines(result, held)]),
  });
  for (const log of unknown) deps.stderr.print(`Note: no key for log ${log}`);
  const found = results.reduce((sum, { findings }) => sum + findings.length, absent.length);
  if (found === 0) return;
  throw new SpikeError(
    "state_integrity_check",
    absent.length > 0
      ? `Log ${absent[0]} does not exist, but a checkpoint of it was passed`
      : `The audit log does not verify: ${counted(found, "finding")}`,
  );
}

function toLines(result: Verified, checkpoints: readonly Checkpoint[]): string[] {
  const { log, size, dropped, findings } = result;
  const held = checkpoints.filter((checkpoint) => checkpoint.log === log).map(({ size }) => size);
  return [
    `Log ${log}: ${counted(size, "record")}${
      dropped > 0 ? `, ${dropped} of them dropped after their time` : ""
    }`,
    ...(findings.length > 0 ? findings.map(lineOf) : soundLines(held)),
    ...doubtLines(result, held),
    ...endLines(result, held),
  ].map((line, i) => `${i === 0 ? "" : "  "}${line}`);
}

/** What can be said of records among which nothing is wrong, with checkpoints held of these sizes. */
function soundLines(held: readonly number[]): string[] {
  return [
    "No record was changed, deleted, inserted or moved",
    ...(held.length === 0 ? [] : [
      `The checkpoint that was kept counts ${counted(Math.max(...held), "record")}: they are there`,
    ]),
  ];
}

/** What nothing proves yet, or ever will. */
function doubtLines({ size, signed, older }: Verified, held: readonly number[]): string[] {
  const unsigned = Math.max(0, size - Math.max(signed, ...held));
  return [
    ...(unsigned === 0 ? [] : [
      `${
        unsigned === size
          ? "No record is signed yet: none is tamper-evident"
          : unsigned === 1
          ? "The last record is not signed yet and is not tamper-evident"
          : `The last ${unsigned} records are not signed yet and are not tamper-evident`
      }`,
    ]),
    ...(older === undefined ? [] : [
      `${counted(older.records, "record")} of format 1: gaps between their changes cannot be found`,
      ...(older.dropped === 0 ? [] : [
        `${counted(older.dropped, "dropped record")} of format 1: not proved to be requests`,
      ]),
    ]),
  ];
}

/** What can be said of the end of the log, where records may be missing without a trace. */
function endLines({ tornBytes }: Verified, held: readonly number[]): string[] {
  return [
    ...(tornBytes === undefined ? [] : [
      `Its last line breaks off after ${tornBytes} bytes, as after a crash: its request was not answered, and it is ignored`,
    ]),
    ...(held.length > 0 ? [] : [
      "Truncation at the end is not verified: no checkpoint of this log was passed (--checkpoint)",
    ]),
  ];
}

function lineOf({ record, to, file, line, what }: LogFault): string {
  const where = to === undefined ? `Record ${record}` : `Records ${record} to ${to}`;
  return `${where} (${file}, line ${line}): ${what}`;
}
