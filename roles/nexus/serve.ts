import { createApp } from "../../lib/api/app.ts";
import { type Route, ROUTES, SpikeError } from "../../lib/api/mod.ts";
import {
  type CipherService,
  createCipherService,
  createEncryptionBudget,
} from "../../lib/cipher/mod.ts";
import type { NexusSettings } from "../../lib/config/mod.ts";
import { createMtlsServer, type MtlsServer } from "../../lib/mtls/mod.ts";
import { type KeySlots, LockedKeyring, osRandom } from "../../lib/seal/mod.ts";
import { createSecretReader, type SecretReader } from "../../lib/secret/mod.ts";
import type { SvidSource } from "../../lib/spiffe/mod.ts";
import type { StoreReader } from "../../lib/store/mod.ts";
import type { Logger } from "../../lib/telemetry/mod.ts";
import { authorize } from "./authorize.ts";
import {
  cipherBodyLimit,
  createCipherHandlers,
  createRawCipherHandlers,
} from "./cipher_handlers.ts";
import { followCipherKeys } from "./cipher_keys.ts";
import type { CorePort } from "./core_port.ts";
import { createHandlers } from "./handlers.ts";
import type { SharedPage } from "./page.ts";

export interface ServeOptions {
  readonly settings: NexusSettings;
  readonly source: SvidSource;
  readonly core: CorePort;
  readonly page: SharedPage;
  /** Absent where there are no secrets to open. */
  readonly kekSlots?: KeySlots;
  readonly cipherSlots: KeySlots;
  readonly store: StoreReader;
  readonly log: Logger;
  /** Other threads of this process listen on the same port. */
  readonly isShared: boolean;
}

/** One listener of a Nexus: in the control's own thread without request workers, in each of them otherwise. */
export async function startServing(options: ServeOptions): Promise<MtlsServer> {
  const { settings, source, page, log } = options;
  const roots = settings.trustRoots;
  const cipher = createCipher(options);
  const cipherBodyBytes = cipherBodyLimit(settings.cipherLimitBytes);
  const server = createMtlsServer({
    source,
    // Every valid SVID may connect; what it may do is decided at each route.
    admit: () => true,
    maxBodyBytes: Math.max(cipherBodyBytes, ...ROUTES.map(({ bodyLimit }) => bodyLimit)),
    fetch: createApp({
      server: "nexus",
      handlers: {
        ...createHandlers(options.core, followKeyring(options), settings.cipherLimitBytes),
        ...createCipherHandlers(cipher),
      },
      rawHandlers: createRawCipherHandlers(cipher),
      offers: ({ operation }) =>
        settings.backend !== "lite" || !/^(secret|policy)\./.test(operation),
      bodyLimit: ({ operation, bodyLimit }) =>
        operation.startsWith("cipher.") ? cipherBodyBytes : bodyLimit,
      assertReady: (route) => assertReady(page, route),
      authorize: ({ id }, route) => authorize(id, route, roots),
      log,
    }),
    log,
    headersTimeoutMs: settings.readHeaderTimeoutMs,
  });
  const port = await server.listen({ ...settings.listen, reusePort: options.isShared });
  log.info("listening", { port, id: source.current().svid.id });
  return server;
}

/** Before there is a final key only what helps to get one is served; Bootstrap's proof needs one to be judged. */
function assertReady(page: SharedPage, route: Route | undefined): void {
  const { state } = page;
  if (state === "ready" || route?.isServedWithoutKey) return;
  if (state === "provisional" && route?.operation === "bootstrap.verify") return;
  throw new SpikeError("state_not_ready", `This Nexus is ${state}`);
}

function createCipher({ settings, core, page, cipherSlots }: ServeOptions): CipherService {
  return createCipherService({
    keys: followCipherKeys(page, cipherSlots),
    spend: createEncryptionBudget((version) => core.reserveEncryptions(version)),
    limitBytes: settings.cipherLimitBytes,
    random: osRandom,
  });
}

/** A reader over the keyring as published now; a new keyring gets a new reader, and the old one forgets. */
function followKeyring({ page, kekSlots, store }: ServeOptions): () => SecretReader {
  let revision = -1;
  let reader: SecretReader | undefined;
  return () => {
    if (!kekSlots) throw new Error("This Nexus serves no secrets");
    const published = page.keyringRevision;
    if (!reader || published !== revision) {
      reader?.clear();
      const keyring = LockedKeyring.attach(kekSlots, page.layout());
      reader = createSecretReader({ store, keyring });
      revision = published;
    }
    return reader;
  };
}
