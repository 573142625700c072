import { SpikeError } from "../../../lib/error/error.ts";
import type { StoreVerified } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { counted, type Format, printAs } from "../terminal/format.ts";
import { withNexus } from "../session.ts";

const WHAT: ReadonlyMap<string, string> = new Map(Object.entries({
  replaced: "is not the last stored state: it was rolled back or modified",
  removed: "was removed without Nexus",
  unrecorded: "was put there without Nexus",
  damaged: "cannot be read, or holds what Nexus never stores: the file was changed or damaged",
  misindexed: "is there, but an index of the database leads elsewhere: the file was damaged",
}));

const KINDS: ReadonlyMap<string, string> = new Map(Object.entries({
  head: "Secret",
  policy: "Policy",
  keyHead: "Cipher key",
  key: "Key",
  store: "Row of the store itself,",
}));

/** `spike operator verify`: fails with `state_integrity_check` after printing when something was found. */
export async function operatorVerify(deps: PilotIo, format: Format): Promise<void> {
  const found = await withNexus(deps, ({ client }) => client.verifyStore(), "superuser");
  await printAs(deps, format, { data: () => found, lines: () => toLines(found) });
  if (found.findings === 0) return;
  throw new SpikeError(
    "state_integrity_check",
    `The store was modified outside Nexus: ${counted(found.findings, "finding")}`,
    { hint: "Keep the files for analysis and restore from a backup" },
  );
}

function toLines(
  { heads, policies, cipherKeys, older, logs, rows, unproved }: StoreVerified,
): string[] {
  const rowsCompared = [
    counted(heads, "secret"),
    counted(policies, "policy", "policies"),
    counted(cipherKeys, "cipher key"),
  ].join(", ");
  return [
    `Compared with ${counted(logs.length, "audit log")}: ${rowsCompared}`,
    ...(older > 0 ? [`Older than the first record, so not verified: ${older}`] : []),
    ...logs.flatMap((log) =>
      log.missing
        ? [`Audit log ${log.log} is not there${log.left ? " since the store was restored" : ""}`]
        : log.findings.map(({ record, what }) => `Audit log ${log.log}, record ${record}: ${what}`)
    ),
    ...(unproved ? unprovedLines(unproved) : []),
    ...rows.map(({ kind, name, what }) =>
      `${KINDS.get(kind) ?? kind} ${JSON.stringify(name)} ${WHAT.get(what) ?? what}`
    ),
  ];
}

/** What Nexus has found since it started and did not record itself. */
function unprovedLines(
  { setAside, rejected }: NonNullable<StoreVerified["unproved"]>,
): string[] {
  return [
    ...(setAside > 0
      ? [
        `${counted(setAside, "line")} of the audit log not written by Nexus: set aside, not signed`,
      ]
      : []),
    ...(rejected > 0
      ? [`${counted(rejected, "waiting record")} not written by Nexus: rejected, not signed`]
      : []),
  ];
}
