import type {
  AuditStatus,
  KeeperStatus,
  NexusStatus,
  PeerStatus,
  RecoveryStatus,
} from "../../../lib/api/status.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import type { PilotIo } from "../io.ts";
import { counted, type Format, printAs } from "../terminal/format.ts";
import { withNexus } from "../session.ts";

/** What each state that is not `ready` asks for. */
export const WHAT_TO_DO = {
  waiting: "Nexus waits for keepers to rebuild its root key; see also `spike operator restore`",
  provisional: "Nexus waits for verification of its root key; run `spike bootstrap`",
  sealed: "Run `spike operator unseal`, or send enough recovery shards",
  database_lost:
    "Restore the database, or start Nexus with --accept-empty-store true to abandon it",
} as const;

/** `spike status`: fails with `state_not_ready` after printing when Nexus is not ready. */
export async function status(
  deps: PilotIo,
  format: Format,
  options: { readonly verbose: boolean },
): Promise<void> {
  const { nexus, url } = await withNexus(
    deps,
    async ({ client, settings }) => ({
      nexus: await client.status(options),
      url: settings.nexusUrl,
    }),
  );
  await printAs(deps, format, { data: () => nexus, lines: () => toLines(nexus, url) });
  if (nexus.state === "ready") return;
  throw new SpikeError("state_not_ready", `Nexus is not ready: ${nexus.state}`, {
    hint: WHAT_TO_DO[nexus.state],
  });
}

function toLines(nexus: NexusStatus, url: string): string[] {
  const {
    version,
    state,
    backend,
    storeId,
    threshold,
    shares,
    generation,
    since,
    recovery,
    sealed,
    backup,
    restored,
    audit,
  } = nexus;
  const shards = `${threshold} of ${shares}`;
  return [
    `Nexus ${version} at ${url}`,
    `State   : ${state}`,
    `Backend : ${backend}${storeId === undefined ? "" : `, store ${storeId}`}`,
    ...(backend === "memory"
      ? []
      : [`Shards  : ${shards}${generation === undefined ? "" : `, generation ${generation}`}`]),
    ...(recovery ? [recoveryLine(nexus, recovery)] : []),
    ...(backup
      ? [`Backup  : ${backup.at}, revision ${backup.revision}, ${backup.bytes} bytes`]
      : []),
    ...(restored ? [`Restored: ${restored.at}, from the backup of ${restored.from}`] : []),
    ...(nexus.changedLogs ?? []).map(({ file, change }) =>
      `Audit   : WARNING: file ${file} of the log was ${change} while Nexus ran`
    ),
    ...(sealed ? [`Sealed  : ${sealed.since} by ${sealed.by}: ${sealed.reason}`] : []),
    ...(audit ? [`Audit   : WARNING: ${auditLine(audit)}`] : []),
    `Since   : ${since}`,
    ...nexus.keepers.map(keeperLine),
    ...(nexus.peers ?? []).map(peerLine),
  ];
}

/** What Nexus has found that it did not record. */
function auditLine({ setAside, withoutKey, rejected, unrecorded }: AuditStatus): string {
  return [
    ...(setAside > 0 ? [`${counted(setAside, "log line")} not written by Nexus, set aside`] : []),
    ...(rejected > 0 ? [`${counted(rejected, "waiting record")} rejected`] : []),
    ...(unrecorded > 0 ? [`${counted(unrecorded, "change")} without a record`] : []),
    ...(withoutKey > 0 ? [`${counted(withoutKey, "record")} made without a key, set aside`] : []),
  ].join("; ");
}

function recoveryLine({ generation }: NexusStatus, recovery: RecoveryStatus): string {
  if (recovery.exported) return `Recovery: shards exported ${recovery.exportedAt}`;
  const which = generation === undefined ? "in force" : `of generation ${generation}`;
  return `Recovery: WARNING: the shards ${which} were never exported, run \`spike operator recover\``;
}

function peerLine({ id, side, protocol, cipher, lastSeen }: PeerStatus): string {
  return `Peer    : ${id}, ${side}, ${protocol} ${cipher} (${lastSeen})`;
}

function keeperLine({ index, url, state, detail, lastSeen }: KeeperStatus): string {
  const more = [detail, lastSeen === undefined ? undefined : `last seen ${lastSeen}`]
    .filter((part) => part !== undefined);
  return `Keeper ${index}: ${state}, ${url}${more.length === 0 ? "" : ` (${more.join(", ")})`}`;
}
