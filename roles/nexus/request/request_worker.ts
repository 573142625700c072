/** A thread of a Nexus that serves requests: it reads the store and opens values, and never sees the root key. */
import { assertConfined, remoteCalls, type Running, runThread } from "../../../lib/process/mod.ts";
import { attachLocked } from "../../../lib/seal/mod.ts";
import {
  type BundleMap,
  MemorySource,
  type SvidSource,
  type X509Svid,
} from "../../../lib/spiffe/mod.ts";
import { type JwtDocuments, JwtKeys } from "../../../lib/jwt_svid/mod.ts";
import { openSqlite, type StoreReader } from "../../../lib/store/mod.ts";
import { configureLogging, createLogger, watchLag } from "../../../lib/telemetry/mod.ts";
import { CORE_METHODS, type CorePort, READER_METHODS } from "../core/core_port.ts";
import { databasePath } from "../database.ts";
import { SharedPage } from "../../../lib/shared_page/page.ts";
import { startServing } from "./serve.ts";
import type { RequestStart } from "../main/start.ts";

runThread(start);

async function start(given: RequestStart): Promise<Running> {
  const { settings, connections, page, kekSlots, cipherSlots, ports } = given;
  configureLogging({ level: settings.logLevel });
  watchLag("request");
  await assertConfined(["write", "read", "net", "env", "run", "ffi", "sys"]);
  const log = createLogger("nexus");
  const jwtKeys = new JwtKeys((reason) => log.warn("jwt_bundle_unusable", { reason }));
  const source = followIdentity(ports.identity, jwtKeys);
  // The core speaks only once the store is open, so that the database is there when the reader looks for it.
  await source.ready(settings.sourceTimeoutMs + 10_000);
  const hasOwnReader = settings.backend === "sqlite";
  const store: StoreReader = hasOwnReader
    ? openSqlite({ path: databasePath(settings), mode: "read" })
    : remoteCalls<StoreReader>(ports.reads, READER_METHODS);
  const server = await startServing({
    settings,
    connections,
    source,
    core: remoteCalls<CorePort>(ports.calls, CORE_METHODS),
    page: new SharedPage(page),
    ...(kekSlots ? { kekSlots: attachLocked(kekSlots.buffer, kekSlots.layout) } : {}),
    cipherSlots: attachLocked(cipherSlots.buffer, cipherSlots.layout),
    store,
    log,
    jwtKeys,
    isShared: true,
  });
  return {
    stop: async () => {
      await server.close(2_000);
      if (hasOwnReader) await store.close();
      await source.close();
    },
  };
}

type IdentityMessage =
  | { readonly svid: X509Svid; readonly bundles: BundleMap }
  | { readonly withdrawn: string }
  | { readonly jwt: JwtDocuments };

function followIdentity(port: MessagePort, jwtKeys: JwtKeys): SvidSource {
  const source = new MemorySource();
  port.onmessage = ({ data }: MessageEvent<IdentityMessage>) => {
    if ("jwt" in data) jwtKeys.update(data.jwt);
    else if ("withdrawn" in data) source.withdraw(data.withdrawn);
    else source.set(data.svid, data.bundles);
  };
  return source;
}
