/** The keeper's working thread. It has its address and its agent's socket, and can write and start nothing. */
import { createApp } from "../../lib/http/app.ts";
import { createRefusalAudit } from "../../lib/http/refusal_audit.ts";
import { authorizeByRole } from "../../lib/access/authorize.ts";
import { SpikeError } from "../../lib/error/error.ts";
import { recordOnStderr } from "../../lib/audit/mod.ts";
import type { KeeperSettings } from "../../lib/config/mod.ts";
import { createMtlsServer } from "../../lib/mtls/mod.ts";
import { assertConfined, type Running, runThread, watchIdentity } from "../../lib/process/mod.ts";
import { attachLocked, type SlotLayout } from "../../lib/seal/mod.ts";
import { hasRole, logIdentity, type SpiffeId } from "../../lib/spiffe/mod.ts";
import { openSource } from "../../lib/workload_api/open_source.ts";
import {
  configureLogging,
  createLogger,
  health,
  meter,
  watchLag,
} from "../../lib/telemetry/mod.ts";
import { createHandlers } from "./handlers.ts";
import { ShardSlots } from "./slots.ts";

/** What the main thread hands over. */
export interface KeeperStart {
  readonly settings: KeeperSettings;
  /** Connections at a time. */
  readonly connections: number;
  /** Whether that memory is kept out of swap: `ok`, or why not. */
  readonly locked: string;
  readonly memory: { readonly buffer: SharedArrayBuffer; readonly layout: SlotLayout };
}

runThread(startKeeper);

async function startKeeper(
  { settings, connections, memory, locked }: KeeperStart,
): Promise<Running> {
  configureLogging({ level: settings.logLevel });
  await assertConfined(["write", "read", "net", "env", "run", "ffi", "sys"]);
  const log = createLogger("keeper");
  watchLag("keeper");
  if (locked !== "ok") log.warn("memory_not_locked", { reason: locked });
  health.add(() => locked === "ok" ? [] : ["memory_not_locked"]);
  const source = openSource(settings, (reason) => log.warn("identity_awaited", { reason }));
  watchIdentity(source);
  const { svid } = await source.ready(settings.sourceTimeoutMs);
  const { trustRoots: roots } = settings;
  if (!hasRole(svid.id, "keeper", roots)) {
    throw new SpikeError(
      "access_unauthorized",
      `The identity of this process is ${svid.id}, not that of a keeper`,
      {
        hint: "Check its registration entry and SPIKE_TRUST_ROOT_KEEPER",
      },
    );
  }
  const slots = new ShardSlots(attachLocked(memory.buffer, memory.layout));
  watchSlots(slots);
  const refusals = createRefusalAudit({ server: "keeper", record: recordOnStderr, log });
  const server = createMtlsServer({
    source,
    admit: (id: SpiffeId) => hasRole(id, "nexus", roots) || hasRole(id, "bootstrap", roots),
    fetch: createApp({
      server: "keeper",
      handlers: createHandlers(slots, roots, log),
      assertReady: () => {},
      authorize: ({ id }, { want }) => authorizeByRole(id, want, roots),
      audit: (entry) => refusals.audit(entry),
      log,
    }),
    onRefused: (refusal) => refusals.refused(refusal),
    log,
    maxConnections: connections,
    maxBodyBytes: 65_536,
    headersTimeoutMs: settings.readHeaderTimeoutMs,
  });
  const port = await server.listen(settings.listen);
  health.add(() => server.isAccepting() ? [] : ["not_accepting"]);
  log.info("listening", { port, id: svid.id });
  const stopWatching = logIdentity(source, log);
  return {
    stop: async () => {
      stopWatching();
      await server.close(2_000);
      await refusals.close();
      slots.wipe();
      await source.close();
    },
  };
}

function watchSlots(slots: ShardSlots): void {
  health.add(() => {
    const { current, pending } = slots.holding;
    return current || pending ? [] : ["no_shard"];
  });
  meter.collect(() => {
    const { current, pending } = slots.holding;
    meter.set("spike_keeper_shards", { slot: "current" }, current ? 1 : 0);
    meter.set("spike_keeper_shards", { slot: "pending" }, pending ? 1 : 0);
  });
}
