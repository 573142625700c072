/** The thread of a Nexus that holds the root key and writes the store. Request workers have neither. */
import { SpikeError } from "../../../lib/error/error.ts";
import { openSink } from "../../../lib/audit/mod.ts";
import type { NexusSettings } from "../../../lib/config/mod.ts";
import {
  assertConfined,
  exposeCalls,
  type Running,
  runThread,
  watchIdentity,
} from "../../../lib/process/mod.ts";
import { attachLocked, osRandom } from "../../../lib/seal/mod.ts";
import { hasRole, logIdentity, type SvidSource, trustDomainOf } from "../../../lib/spiffe/mod.ts";
import { JwtKeys } from "../../../lib/jwt_svid/mod.ts";
import { openSource } from "../../../lib/workload_api/open_source.ts";
import {
  type DataDirectoryLock,
  lockDataDirectory,
  openMemory,
  openSqlite,
  type Store,
} from "../../../lib/store/mod.ts";
import {
  configureLogging,
  createLogger,
  health,
  type Logger,
  meter,
  watchLag,
} from "../../../lib/telemetry/mod.ts";
import {
  type Auditing,
  ephemeralAuditing,
  openAuditing,
} from "../../../lib/audit_store/auditing.ts";
import { WATCH_MS, watchLog } from "../../../lib/audit_store/log_watch.ts";
import { startCore } from "./core.ts";
import { CORE_METHODS, READER_METHODS } from "./core_port.ts";
import { Backups, forgetInTurn } from "../../../lib/backup/backup.ts";
import { lastBackup } from "../../../lib/backup/backup_status.ts";
import { createCopier } from "./copier.ts";
import { auditPath, databasePath } from "../database.ts";
import { tellKeys, usedSlots } from "../held_keys.ts";
import { openJwtFeed } from "./jwt_feed.ts";
import { SharedPage } from "../../../lib/shared_page/page.ts";
import { recordRestoration } from "../../../lib/backup/restoration.ts";
import { startServing } from "../request/serve.ts";
import type { CoreStart, WorkerPorts } from "../main/start.ts";
import { createSerial, type Serial } from "../../../lib/async/serial.ts";
import { watchWrites } from "./watch_writes.ts";

runThread(start);

async function start(given: CoreStart): Promise<Running> {
  const { settings } = given;
  configureLogging({ level: settings.logLevel });
  await assertConfined(["write", "read", "net", "env", "run", "ffi", "sys"]);
  const log = createLogger("nexus");
  watchLag("core");
  if (given.locked !== "ok") log.warn("memory_not_locked", { reason: given.locked });
  health.add(() => AUDIT_WORDS[page.audit]);
  health.add(() => given.locked === "ok" ? [] : ["memory_not_locked"]);
  const source = await openIdentity(settings, log);
  const { lock, store } = openStore(settings);
  watchWrites(store, health, meter);
  const apart = createSerial();
  forgetInTurn(store, apart);
  const page = new SharedPage(given.page);
  const auditing = await openAudit(settings, { store, page, log, uid: given.uid });
  const logs = watchLog({ look: () => auditing.changedFiles(), health, log });
  const watching = setInterval(logs.look, WATCH_MS);
  const backups = settings.backend === "memory"
    ? undefined
    : await openBackups(settings, { auditing, inTurn: apart, log });
  const kekSlots = attachLocked(given.kekSlots.buffer, given.kekSlots.layout);
  const cipherSlots = attachLocked(given.cipherSlots.buffer, given.cipherSlots.layout);
  const rootSlots = attachLocked(given.rootSlots.buffer, given.rootSlots.layout);
  meter.collect(() => meter.set("spike_audit_records", {}, auditing.size));
  health.add(() => {
    const { setAside, rejected, unrecorded } = auditing.unproved;
    return setAside + rejected + unrecorded > 0 ? ["audit_unproved"] : [];
  });
  meter.collect(() =>
    tellKeys({
      root: usedSlots(rootSlots),
      kek: usedSlots(kekSlots),
      default: usedSlots(cipherSlots),
      audit: auditing.held,
    })
  );
  const core = await startCore({
    settings,
    source,
    page,
    rootSlots,
    kekSlots,
    cipherSlots,
    isLocked: given.locked === "ok",
    auditing,
    changedLogs: () => logs.found,
    ...(backups ? { backups: backups.port } : {}),
  });
  const feed = openJwtFeed(settings, trustDomainOf(source.current().svid.id), log);
  for (const ports of given.workers) {
    connectWorker(ports, core.port, store, source);
    feed.follow((jwt) => ports.identity.postMessage({ jwt }));
  }
  const jwtKeys = new JwtKeys((reason) => log.warn("jwt_bundle_unusable", { reason }));
  if (given.workers.length === 0) feed.follow((documents) => jwtKeys.update(documents));
  const server = given.workers.length > 0 ? undefined : await startServing({
    settings,
    connections: given.connections,
    source,
    core: core.port,
    page,
    kekSlots,
    cipherSlots,
    store,
    log,
    jwtKeys,
    isShared: false,
  });
  const stopWatching = logIdentity(source, log);
  return {
    reopen: () => {
      auditing.reopenSinks();
      log.info("sinks_reopened", { sinks: settings.auditSinks.length });
      logs.look();
    },
    stop: async () => {
      clearInterval(watching);
      stopWatching();
      await server?.close(2_000);
      await backups?.close();
      await core.stop();
      await feed.close();
      await source.close();
      lock?.release();
    },
  };
}

async function openIdentity(settings: NexusSettings, log: Logger): Promise<SvidSource> {
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

function openStore(settings: NexusSettings): { lock?: DataDirectoryLock; store: Store } {
  if (settings.backend === "memory") return { store: openMemory() };
  Deno.mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDataDirectory(settings.dataDir);
  return { lock, store: openSqlite({ path: databasePath(settings), mode: "write" }) };
}

/** Where the database was put back from a backup, that is recorded before anything else happens to it. */
async function openBackups(
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

const AUDIT_WORDS = {
  written: [],
  elsewhere: ["audit_elsewhere"],
  refused: ["audit_unwritable"],
} as const;
const DAY_MS = 86_400_000;

function openAudit(
  settings: NexusSettings,
  { store, page, log, uid }: { store: Store; page: SharedPage; log: Logger; uid: number | null },
): Promise<Auditing> {
  if (settings.backend === "memory") return Promise.resolve(ephemeralAuditing(store, Date.now));
  const failing = new Set<NexusSettings["auditSinks"][number]>();
  health.add(() => failing.size > 0 ? ["audit_sink_failing"] : []);
  return openAuditing({
    directory: auditPath(settings),
    syncMs: settings.auditSyncMs,
    covered: new Set(settings.auditHashed),
    retentionMs: settings.auditRetentionDays * DAY_MS,
    sinks: settings.auditSinks.map((sink) =>
      openSink(
        sink,
        (event, detail) => {
          if (event === "sink_failed") failing.add(sink);
          else failing.delete(sink);
          log.warn(`audit_${event}`, { sink: sink.kind, detail });
        },
        uid === null ? {} : { uid },
      )
    ),
    onState: (state) => page.audit = state,
    store,
    log,
    clock: Date.now,
  });
}

/** Lets a request worker call in, and keeps it supplied with the identity that it serves under. */
function connectWorker(
  ports: WorkerPorts,
  core: Awaited<ReturnType<typeof startCore>>["port"],
  store: Store,
  source: SvidSource,
): void {
  exposeCalls(ports.calls, core, CORE_METHODS);
  exposeCalls(ports.reads, store, READER_METHODS);
  const send = () => ports.identity.postMessage(identityOf(source));
  source.subscribe(send);
  send();
}

function identityOf(source: SvidSource): unknown {
  try {
    const { svid, bundles } = source.current();
    return { svid, bundles };
  } catch (error) {
    return { withdrawn: error instanceof Error ? error.message : "unknown" };
  }
}
