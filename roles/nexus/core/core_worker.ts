/** The thread of a Nexus that holds the root key and writes the store. Request workers have neither. */
import { assertConfined, exposeCalls, type Running, runThread } from "../../../lib/process/mod.ts";
import { attachLocked, type KeySlots } from "../../../lib/seal/mod.ts";
import { logIdentity, type SvidSource, trustDomainOf } from "../../../lib/spiffe/mod.ts";
import { JwtKeys } from "../../../lib/jwt_svid/mod.ts";
import type { Store } from "../../../lib/store/mod.ts";
import {
  configureLogging,
  createLogger,
  health,
  type Logger,
  meter,
  watchLag,
} from "../../../lib/telemetry/mod.ts";
import { WATCH_MS, watchLog } from "../../../lib/audit_store/log_watch.ts";
import { type Core, startCore } from "./core.ts";
import { CORE_METHODS, type CorePort, READER_METHODS } from "./core_port.ts";
import { forgetInTurn } from "../../../lib/backup/backup.ts";
import { tellKeys, usedSlots } from "../held_keys.ts";
import { openAudit, openBackups, openIdentity, openStore } from "./open.ts";
import { type JwtFeed, openJwtFeed } from "./jwt_feed.ts";
import { SharedPage } from "../../../lib/shared_page/page.ts";
import { startServing } from "../request/serve.ts";
import type { CoreStart, SharedSlots, WorkerPorts } from "../main/start.ts";
import { createSerial } from "../../../lib/async/serial.ts";
import { watchWrites } from "./watch_writes.ts";
import type { MtlsServer } from "../../../lib/mtls/mod.ts";

runThread(start);

const AUDIT_WORDS = {
  written: [],
  elsewhere: ["audit_elsewhere"],
  refused: ["audit_unwritable"],
} as const;

async function start(given: CoreStart): Promise<Running> {
  const { settings } = given;
  configureLogging({ level: settings.logLevel });
  await assertConfined(["write", "read", "net", "env", "run", "ffi", "sys"]);
  const log = createLogger("nexus");
  watchLag("core");
  if (given.locked !== "ok") log.warn("memory_not_locked", { reason: given.locked });
  health.add(() => given.locked === "ok" ? [] : ["memory_not_locked"]);
  const opened = await openAll(given, log);
  const { page, source, auditing, backups, lock, slots } = opened;
  reportHealth(opened);
  const logs = watchLog({ look: () => auditing.changedFiles(), health, log });
  const watching = setInterval(logs.look, WATCH_MS);
  const core = await startCore({
    settings,
    source,
    page,
    ...slots,
    isLocked: given.locked === "ok",
    auditing,
    changedLogs: () => logs.found,
    ...(backups ? { backups: backups.port } : {}),
  });
  const feed = openJwtFeed(settings, trustDomainOf(source.current().svid.id), log);
  const server = await serve(given, { ...opened, core, feed, log });
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

type Opened = Awaited<ReturnType<typeof openAll>>;

/** Opens everything that the core works with, in the order in which one needs the other. */
async function openAll(given: CoreStart, log: Logger) {
  const { settings, uid } = given;
  const source = await openIdentity(settings, log);
  const { lock, store } = openStore(settings);
  watchWrites(store, health, meter);
  const inTurn = createSerial();
  forgetInTurn(store, inTurn);
  const page = new SharedPage(given.page);
  const auditing = await openAudit(settings, { store, page, log, uid });
  const backups = settings.backend === "memory"
    ? undefined
    : await openBackups(settings, { auditing, inTurn, log });
  const slots = {
    rootSlots: attach(given.rootSlots),
    kekSlots: attach(given.kekSlots),
    cipherSlots: attach(given.cipherSlots),
  };
  return { source, lock, store, page, auditing, backups, slots };
}

function attach({ buffer, layout }: SharedSlots): KeySlots {
  return attachLocked(buffer, layout);
}

/** Reports the audit log and the keys held in health and metrics. */
function reportHealth(
  { page, auditing, slots: { rootSlots, kekSlots, cipherSlots } }: Opened,
): void {
  health.add(() => AUDIT_WORDS[page.audit]);
  health.add(() => {
    const { setAside, rejected, unrecorded } = auditing.unproved;
    return setAside + rejected + unrecorded > 0 ? ["audit_unproved"] : [];
  });
  meter.collect(() => meter.set("spike_audit_records", {}, auditing.size));
  meter.collect(() =>
    tellKeys({
      root: usedSlots(rootSlots),
      kek: usedSlots(kekSlots),
      default: usedSlots(cipherSlots),
      audit: auditing.held,
    })
  );
}

interface Serving extends Opened {
  readonly core: Core;
  readonly feed: JwtFeed;
  readonly log: Logger;
}

/** Connects the request workers. Without any, starts a listener in this thread and answers it. */
async function serve(
  { settings, workers, connections }: CoreStart,
  { core, feed, log, source, store, page, slots: { kekSlots, cipherSlots } }: Serving,
): Promise<MtlsServer | undefined> {
  if (workers.length > 0) {
    for (const ports of workers) {
      connectWorker(ports, core.port, store, source);
      feed.follow((jwt) => ports.identity.postMessage({ jwt }));
    }
    return undefined;
  }
  const jwtKeys = new JwtKeys((reason) => log.warn("jwt_bundle_unusable", { reason }));
  feed.follow((documents) => jwtKeys.update(documents));
  return await startServing({
    settings,
    connections,
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
}

/** Lets a request worker call in, and keeps it supplied with the identity that it serves under. */
function connectWorker(
  ports: WorkerPorts,
  core: CorePort,
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
