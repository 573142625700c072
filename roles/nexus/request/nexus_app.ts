import { createApp } from "../../../lib/http/app.ts";
import { createRefusalAudit, type RefusalAudit } from "../../../lib/http/refusal_audit.ts";
import { type Route } from "../../../lib/api/mod.ts";
import { SpikeError } from "../../../lib/error/mod.ts";
import {
  createCipherService,
  createEncryptionBudget,
  createEncryptionBudgets,
  createNamedService,
  createStreamService,
} from "../../../lib/cipher/mod.ts";
import type { NexusSettings } from "../../../lib/config/mod.ts";
import type { Fetch, Refusal } from "../../../lib/mtls/mod.ts";
import { type KeySlots, osRandom } from "../../../lib/seal/mod.ts";
import { meter } from "../../../lib/telemetry/mod.ts";
import type { JwtKeySet } from "../../../lib/jwt_svid/mod.ts";
import type { SpiffeId } from "../../../lib/spiffe/mod.ts";
import { type Access, createAccess } from "./access.ts";
import {
  cipherBodyLimit,
  createCipherHandlers,
  createRawCipherHandlers,
  createStreamCipherHandlers,
  type StreamCiphers,
} from "./cipher_handlers.ts";
import { createAuditHandlers } from "./audit_handlers.ts";
import { createBackupHandlers, createBackupStreamHandler } from "./backup_handlers.ts";
import { createCipherKeyHandlers } from "./cipher_key_handlers.ts";
import { followCipherKeys } from "./cipher_keys.ts";
import type { CorePort } from "../core/core_port.ts";
import { openCursor, sealCursor } from "./cursor.ts";
import { createHandlers } from "./handlers.ts";
import { listEverything, listVisible } from "./listing.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";
import { nameProxiedCaller } from "./proxied_caller.ts";
import { tellKeys } from "../held_keys.ts";
import { createPolicyHandlers } from "./policy_handlers.ts";
import { followKeyring, type Readers, type ReadersOptions } from "./readers.ts";
import { createSecretHandlers, type ListSecrets } from "./secret_handlers.ts";

/** What the routes of Nexus work with, in any thread. */
export interface NexusAppOptions extends ReadersOptions {
  readonly settings: Pick<NexusSettings, "backend" | "cipherLimitBytes" | "trustRoots" | "jwt">;
  readonly core: CorePort;
  readonly cipherSlots: KeySlots;
  /** Of tokens; needed where proxies are named. */
  readonly jwtKeys?: JwtKeySet;
  /** The SPIFFE ID of this Nexus. */
  readonly ownId?: () => SpiffeId;
}

/** The routes of a Nexus in one thread, and the keys that this thread remembers for them. */
export interface NexusApp {
  readonly fetch: Fetch;
  /** Records a refusal that happened before a route was found. */
  refused(refusal: Refusal): void;
  /** Records refusals that were only counted so far. */
  settle(): Promise<void>;
  /** Wipes the keys and ends streams that use them. */
  forget(): void;
}

/** All routes of a Nexus as one function from request and verified caller to response. */
export function createNexusApp(options: NexusAppOptions): NexusApp {
  const { settings, page } = options;
  const followed = followKeyring(options);
  const isLite = settings.backend === "lite";
  const ciphers = createCiphers(options, isLite ? undefined : followed.now);
  const endStreams = () => {
    if (page.state !== "ready") ciphers.streams.endAll();
  };
  page.onForget(endStreams);
  meter.collect(() => {
    const { data, named } = followed.held();
    tellKeys({ data, named, stream: ciphers.streams.held });
  });
  const { core, log } = options;
  const refusals = createRefusalAudit({
    server: "nexus",
    record: (entry) => core.record(entry),
    log,
  });
  return {
    fetch: routesOf(options, { readers: followed.now, ciphers, refusals }),
    refused: (refusal) => refusals.refused(refusal),
    settle: () => refusals.close(),
    forget() {
      followed.forget();
      ciphers.streams.endAll();
    },
  };
}

/** Objects that all routes share. */
interface RouteParts {
  readonly readers: () => Readers;
  readonly ciphers: StreamCiphers;
  readonly refusals: RefusalAudit;
}

function routesOf(options: NexusAppOptions, { readers, ciphers, refusals }: RouteParts): Fetch {
  const { settings, core, page, log } = options;
  const isLite = settings.backend === "lite";
  const access = createAccess({
    roots: settings.trustRoots,
    ...(isLite ? {} : { policies: () => readers().policies.set() }),
  });
  return createApp({
    server: "nexus",
    handlers: {
      ...createHandlers(core, settings.cipherLimitBytes),
      ...createSecretHandlers({
        core,
        access,
        log,
        secrets: () => readers().secrets,
        list: createListing(readers, access),
      }),
      ...createPolicyHandlers(core, () => readers().policies, settings.trustRoots),
      ...createCipherHandlers(ciphers),
      ...createCipherKeyHandlers({
        core,
        store: options.store,
        keys: () => readers().cipherKeys,
        onDamage: (reason) => log.error("cipher_key_damaged", { detail: String(reason) }),
      }),
      ...createAuditHandlers(core),
      ...createBackupHandlers(core),
    },
    rawHandlers: createRawCipherHandlers(ciphers),
    streamHandlers: {
      ...createStreamCipherHandlers(ciphers.streams),
      "operator.backup": createBackupStreamHandler(core),
    },
    offers: (route) => !isLite || route.isInLite,
    bodyLimit: ({ hasCipherLimit, bodyLimit }) =>
      hasCipherLimit ? cipherBodyLimit(settings.cipherLimitBytes) : bodyLimit,
    assertReady: (route) => {
      assertServed(settings.backend, route);
      assertReady(page, route);
      assertAudited(page);
    },
    authorize: ({ id }, route, subject) => access.authorize(id, route, subject),
    audit: (entry) => refusals.audit(entry),
    ...nameCaller(options),
    log,
  });
}

function nameCaller({ settings: { jwt }, jwtKeys: keys, ownId }: NexusAppOptions) {
  if (!jwt || !keys || !ownId) return {};
  const audience = () => jwt.audience ?? ownId();
  return {
    nameCaller: nameProxiedCaller({ proxies: jwt.proxies, audience, keys, clock: Date.now }),
  };
}

/** Operations on shards are rejected for every caller where there are no keepers. */
function assertServed(backend: NexusSettings["backend"], route: Route | undefined): void {
  if (backend !== "memory" || !route?.isAboutShards) return;
  throw new SpikeError("api_bad_request", "A Nexus with a memory store has no recovery shards");
}

/**
 * Until the key is final, only operations that help to get one are served; Bootstrap's proof needs a key to verify it.
 */
function assertReady(page: SharedPage, route: Route | undefined): void {
  const { state } = page;
  const servedIn = route?.servedIn ?? "ready";
  if (state === "ready" || servedIn === "every-state" || servedIn === state) return;
  const reason = state === "waiting" ? {} : { reason: state };
  throw new SpikeError("state_not_ready", `This Nexus is ${state}`, reason);
}

/**
 * A request that cannot be recorded is not started. Recording the refusal is attempted, which shows when it works
 * again.
 */
function assertAudited(page: SharedPage): void {
  if (page.audit !== "refused") return;
  throw new SpikeError("audit_unavailable", "The audit log cannot be written");
}

function createCiphers(
  { settings, core, page, cipherSlots }: NexusAppOptions,
  readers: (() => Readers) | undefined,
): StreamCiphers {
  const common = { limitBytes: settings.cipherLimitBytes, random: osRandom };
  const defaultKeys = followCipherKeys(page, cipherSlots);
  const spendDefault = createEncryptionBudget((version) => core.reserveEncryptions(version));
  const spendNamed = createEncryptionBudgets((name, version) =>
    core.reserveEncryptions(version, name)
  );
  const keys = readers && (() => readers().cipherKeys);
  return {
    cipher: createCipherService({ ...common, keys: defaultKeys, spend: spendDefault }),
    named: keys && createNamedService({ ...common, keys, spend: spendNamed }),
    streams: createStreamService({
      defaultKeys,
      ...(keys ? { namedKeys: keys } : {}),
      spend: (version, name) =>
        name === undefined ? spendDefault(version) : spendNamed(name, version),
      random: osRandom,
    }),
  };
}

/** Pages of the paths that a caller may see. A cursor is in the clear only if the caller saw that path. */
function createListing(
  readers: () => Readers,
  access: Access,
): ListSecrets {
  return async (id, request, hasLeft) => {
    const pause = async () => {
      // A timer, since other tasks run only between timers.
      await new Promise<void>((resolve) => setTimeout(resolve, 0));
      if (hasLeft()) throw new SpikeError("api_bad_request", "The caller left during a listing");
    };
    const { sight } = await access.sight(id);
    const { keyring, secrets } = readers();
    const page = { ...request, after: openCursor(keyring, request.after) };
    const { stoppedAt, ...listed } = sight === "everything"
      ? await listEverything(secrets, page, pause)
      : await listVisible(secrets, sight, page, pause);
    if (stoppedAt === undefined) return listed;
    const isVisible = stoppedAt === listed.keys.at(-1);
    return { ...listed, next: isVisible ? stoppedAt : sealCursor(keyring, stoppedAt, osRandom) };
  };
}
