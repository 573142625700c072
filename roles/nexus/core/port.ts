/** The port through which requests change the store and reach the root key. */
import type { Auditing } from "../../../lib/audit_store/auditing.ts";
import { onBehalf } from "../../../lib/audit_store/on_behalf.ts";
import { type BackupPort, NO_BACKUPS } from "../../../lib/backup/backup_port.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import { unanchoredPatterns } from "../../../lib/policy/mod.ts";
import { createRecoveryPort } from "../../../lib/root_key/recovery_port.ts";
import type { SecretChanged, SecretNotFound } from "../../../lib/secret/mod.ts";
import type { KeySlots } from "../../../lib/seal/mod.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";
import type { Store } from "../../../lib/store/mod.ts";
import type { Logger } from "../../../lib/telemetry/mod.ts";
import { createCipherPort } from "./cipher_port.ts";
import type { CorePort, KekStatus, Written } from "./core_port.ts";
import type { CoreParts } from "./parts.ts";
import { describe, type StatusSources } from "./status.ts";

/** What the port works with. */
export type PortSources = StatusSources & CoreParts & {
  readonly cipherSlots: KeySlots;
  readonly log: Logger;
  /** Absent where there is no database to copy. */
  readonly backups?: BackupPort;
};

/** Makes the port. */
export function createPort(sources: PortSources): CorePort {
  const { settings, auditing, backups } = sources;
  return {
    ...createSecretPort(sources),
    ...createPolicyPort(sources),
    ...createCipherPort(sources),
    ...createKekPort(sources),
    ...createAuditPort(auditing),
    ...(backups ?? NO_BACKUPS),
    ...createStatusPort(sources),
    ...createRecoveryPort({
      ...sources,
      clock: Date.now,
      hasShards: settings.backend !== "memory",
    }),
  };
}

type SecretPort = Pick<
  CorePort,
  | "putSecret"
  | "deleteVersions"
  | "undeleteVersions"
  | "destroyVersions"
  | "purgeSecret"
  | "setMetadata"
  | "copySecret"
>;

function createSecretPort({ page, writers, log }: PortSources): SecretPort {
  return {
    putSecret: onBehalf(async (input) => written(await writers().secrets.put(input))),
    deleteVersions: onBehalf(async (input) => written(await writers().secrets.delete(input))),
    undeleteVersions: onBehalf(async (input) => written(await writers().secrets.undelete(input))),
    destroyVersions: onBehalf((input) =>
      forgetting(page, async () => written(await writers().secrets.destroy(input)))
    ),
    purgeSecret: onBehalf((input) =>
      forgetting(page, async () => written(await writers().secrets.purge(input)))
    ),
    setMetadata: onBehalf(async (input) => written(await writers().secrets.setMetadata(input))),
    copySecret: onBehalf(async (input) => {
      const { from, path: to, isMove, isBlind, author } = input;
      const done = written(await writers().secrets.copy(input));
      if (isBlind) log.warn("secret_copied_blind", { from, to, moved: String(isMove), author });
      return done;
    }),
  };
}

type PolicyPort = Pick<CorePort, "putPolicy" | "deletePolicy">;

function createPolicyPort({ page, writers, log }: PortSources): PolicyPort {
  return {
    putPolicy: onBehalf(async (input) => {
      const policy = await changing(page, () => writers().policies.put(input));
      const unanchored = unanchoredPatterns(policy);
      const fields = { policy: policy.name, author: input.author };
      if (unanchored.length > 0) {
        log.warn("policy_unanchored", { ...fields, members: unanchored.join(",") });
      } else log.info("policy_put", fields);
      return { unanchored };
    }),
    deletePolicy: onBehalf(async (input) => {
      const isGone = await changing(page, () => writers().policies.delete(input.name));
      if (isGone) log.info("policy_deleted", { policy: input.name, author: input.author });
      return isGone;
    }),
  };
}

type KekPort = Pick<CorePort, "keks" | "rotateKek" | "verify">;

function createKekPort(
  { store, rotation, control, inTurn, wake }: PortSources,
): KekPort {
  return {
    keks: () => kekStatuses(store),
    rotateKek: onBehalf(async () => {
      await rotation.rotate("request");
      return await kekStatuses(store);
    }),
    verify: (nonce, ciphertext) =>
      inTurn(async () => {
        try {
          return await control.prove(nonce, ciphertext);
        } finally {
          wake.now();
        }
      }),
  };
}

type AuditPort = Pick<CorePort, "record" | "auditTail" | "auditKeys" | "verifyStore">;

function createAuditPort(auditing: Auditing): AuditPort {
  return {
    record: (entry) => auditing.record(entry),
    auditTail: (request) => auditing.tail(request),
    auditKeys: () => auditing.keys(),
    verifyStore: () => auditing.verify(nextTurn),
  };
}

type StatusPort = Pick<CorePort, "status" | "notePeer">;

function createStatusPort(sources: PortSources): StatusPort {
  return {
    status: (wanted) => describe(sources, wanted),
    notePeer: (link) => Promise.resolve(sources.peers.note(link, Date.now())),
  };
}

/** Gives other tasks of the thread a turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Changes policies and notifies all threads, also after a failure: the outcome of a failed commit is unknown. */
async function changing<T>(page: SharedPage, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } finally {
    page.publishPolicies();
  }
}

/** Destroys values and clears the caches of all threads, also after a failure: its outcome is unknown. */
async function forgetting<T>(page: SharedPage, destroy: () => Promise<T>): Promise<T> {
  try {
    return await destroy();
  } finally {
    page.publishForget();
  }
}

/** The answer of a change that found what it changes; otherwise throws `api_not_found`. */
function written(outcome: SecretChanged | SecretNotFound): Written {
  if (outcome.found) {
    const { version, missing = [] } = outcome;
    return missing.length > 0 ? { version, missing } : { version };
  }
  const { reason: why } = outcome;
  const reason = why === "expired" ? { reason: why } : {};
  throw new SpikeError("api_not_found", `There is no such secret or version (${why})`, reason);
}

async function kekStatuses(store: Store): Promise<KekStatus[]> {
  return (await store.keks()).map(({ generation, state, createdAtMs, reservedSeals }) => ({
    generation,
    state,
    createdAtMs,
    sealings: reservedSeals,
  }));
}
