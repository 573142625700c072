import {
  feedLog,
  type Finding,
  listLogs,
  LogVerifier,
  nativeHash,
  nativeVerifier,
  type Verified,
} from "../../../lib/audit/mod.ts";
import { SpikeError } from "../../../lib/api/error.ts";
import { logsIn, readCheckpoint, readKeys } from "../audit_files.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";

/** What `spike audit verify` was given. */
export interface VerifyInput {
  readonly directory: string;
  readonly key: string;
  readonly checkpoint: readonly string[];
  readonly format: Format;
}

/** `spike audit verify`: fails with `state_integrity_check` after printing when something was found. */
export async function auditVerify(deps: PilotDeps, input: VerifyInput): Promise<void> {
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
  deps.stdout.write(
    format === "human"
      ? results.map((result) => toText(result, held.length > 0)).join("\n")
      : `${await render({ logs: results, absent, unknown }, format, 2)}\n`,
  );
  for (const log of unknown) deps.stderr.write(`Note: no key was given for log ${log}\n`);
  const found = results.reduce((sum, { findings }) => sum + findings.length, absent.length);
  if (found === 0) return;
  throw new SpikeError(
    "state_integrity_check",
    absent.length > 0
      ? `Log ${absent[0]}, of which a checkpoint was given, is not there`
      : `The audit log is not what was written: ${found} findings`,
  );
}

function toText(
  { log, size, dropped, signed, held, findings }: Verified,
  hasHeld: boolean,
): string {
  const lines = [
    `Log ${log}: ${size} records${
      dropped > 0 ? `, ${dropped} of them dropped after their time` : ""
    }`,
    ...findings.map(lineOf),
  ];
  if (findings.length === 0) lines.push("  No record was changed, deleted, inserted or moved");
  if (signed < size) lines.push(`  No signature covers the last ${size - signed} records yet`);
  if (held > 0) lines.push("  It holds all records of the checkpoint that was kept");
  else if (!hasHeld) {
    lines.push(
      "  Whether records were cut off at the end cannot be told without a checkpoint (--checkpoint)",
    );
  }
  return `${lines.join("\n")}\n`;
}

function lineOf({ record, to, file, line, what }: Finding): string {
  const where = to === undefined ? `Record ${record}` : `Records ${record} to ${to}`;
  return `  ${where} (${file}, line ${line}): ${what}`;
}
