/** What the core's thread opens before the core starts: identity, store, audit log, backups. */
import type { Serial } from "../../../lib/async/serial.ts";
import { openSink, type Sink } from "../../../lib/audit/mod.ts";
import {
  type Auditing,
  ephemeralAuditing,
  openAuditing,
} from "../../../lib/audit_store/auditing.ts";
import { Backups } from "../../../lib/backup/backup.ts";
import { lastBackup } from "../../../lib/backup/backup_status.ts";
import { recordRestoration } from "../../../lib/backup/restoration.ts";
import type { NexusSettings } from "../../../lib/config/mod.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import { watchIdentity } from "../../../lib/process/mod.ts";
import { osRandom } from "../../../lib/seal/mod.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";
import { hasRole, type SvidSource } from "../../../lib/spiffe/mod.ts";
import {
  type DataDirectoryLock,
  lockDataDirectory,
  openMemory,
  openSqlite,
  type Store,
} from "../../../lib/store/mod.ts";
import { health, type Logger, meter } from "../../../lib/telemetry/mod.ts";
import { openSource } from "../../../lib/workload_api/open_source.ts";
import { auditPath, databasePath } from "../database.ts";
import { createCopier } from "./copier.ts";

const DAY_MS = 86_400_000;

/** Waits for this process's identity and checks that it is that of Nexus. */
export async function openIdentity(settings: NexusSettings, log: Logger): Promise<SvidSource> {
  const source = openSource(settings, (reason) => log.warn("identity_awaited", { reason }));
  watchIdentity(source);
  const { svid } = await source.ready(settings.sourceTimeoutMs);
  if (hasRole(svid.id, "nexus", settings.trustRoots)) return source;
  throw new SpikeError(
    "access_unauthorized",
    `The identity of this process is ${svid.id}, not that of Nexus`,
    { hint: "Check its registration entry and SPIKE_TRUST_ROOT_NEXUS" },
  );
}

/** Opens the store, and locks the data directory where there is one. */
export function openStore(settings: NexusSettings): { lock?: DataDirectoryLock; store: Store } {
  if (settings.backend === "memory") return { store: openMemory() };
  Deno.mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDataDirectory(settings.dataDir);
  return { lock, store: openSqlite({ path: databasePath(settings), mode: "write" }) };
}

/** Opens backups. A database restored from a backup is recorded as such before anything else is written to it. */
export async function openBackups(
  settings: NexusSettings,
  { auditing, inTurn, log }: { auditing: Auditing; inTurn: Serial; log: Logger },
): Promise<Backups> {
  const directory = settings.dataDir;
  const { store } = auditing;
  await recordRestoration({ directory, store, auditing, log });
  const copy = createCopier(directory);
  const source = databasePath(settings);
  const random = osRandom;
  const clock = Date.now;
  const known = await lastBackup(store);
  const parts = { store, auditing, source, directory, copy, inTurn, random, clock, log };
  const backups = new Backups({ ...parts, ...(known ? { known } : {}) });
  meter.collect(() => {
    const { arrived } = backups;
    if (arrived) meter.set("spike_backup_time_seconds", {}, arrived.atMs / 1000);
  });
  return backups;
}

/** Opens the audit log, and reports failing sinks in health. */
export function openAudit(
  settings: NexusSettings,
  { store, page, log, uid }: { store: Store; page: SharedPage; log: Logger; uid: number | null },
): Promise<Auditing> {
  if (settings.backend === "memory") return Promise.resolve(ephemeralAuditing(store, Date.now));
  return openAuditing({
    directory: auditPath(settings),
    syncMs: settings.auditSyncMs,
    covered: new Set(settings.auditHashed),
    retentionMs: settings.auditRetentionDays * DAY_MS,
    sinks: openSinks(settings, log, uid),
    onState: (state) => page.audit = state,
    store,
    log,
    clock: Date.now,
  });
}

function openSinks({ auditSinks }: NexusSettings, log: Logger, uid: number | null): Sink[] {
  const failing = new Set<NexusSettings["auditSinks"][number]>();
  health.add(() => failing.size > 0 ? ["audit_sink_failing"] : []);
  return auditSinks.map((sink) =>
    openSink(
      sink,
      (event, detail) => {
        if (event === "sink_failed") failing.add(sink);
        else failing.delete(sink);
        log.warn(`audit_${event}`, { sink: sink.kind, detail });
      },
      uid === null ? {} : { uid },
    )
  );
}
