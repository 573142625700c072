import type { Handlers } from "../../../lib/http/app.ts";
import { type Operation, parseTime, type RequestOf } from "../../../lib/api/mod.ts";
import { SpikeError } from "../../../lib/error/mod.ts";
import { NotModified, Tagged } from "../../../lib/http/reply.ts";
import type { Call } from "../../../lib/audit/mod.ts";
import type { SecretNotFound, SecretReader } from "../../../lib/secret/mod.ts";
import type { SpiffeId } from "../../../lib/spiffe/mod.ts";
import type { Logger } from "../../../lib/telemetry/mod.ts";
import type { Access } from "./access.ts";
import { createBatch } from "./batch.ts";
import type { CorePort, Written } from "../core/core_port.ts";
import { type Page, type PageRequest, parseLimit } from "./listing.ts";
import { required } from "./required.ts";
import { encodeSecret, headMembers } from "./secret_answer.ts";
import { judgeTransfer } from "./transfer.ts";

/** The operations on secrets. */
export type SecretOperation = Extract<Operation, `secret.${string}`>;

/**
 * A page of the paths that a caller may see, and where the next one begins. It may have to read many rows; `hasLeft`
 * says whether the caller has disconnected.
 */
export type ListSecrets = (
  id: SpiffeId,
  request: PageRequest,
  hasLeft: () => boolean,
) => Promise<Omit<Page, "stoppedAt"> & { readonly next?: string }>;

/** What the handlers work with. */
export interface SecretDeps {
  readonly core: CorePort;
  /** The reader of this thread. */
  readonly secrets: () => SecretReader;
  readonly list: ListSecrets;
  readonly access: Access;
  readonly log: Logger;
}

/** Every operation on secrets, on a reader of this thread and the port to the one writer. */
export function createSecretHandlers(deps: SecretDeps): Handlers<SecretOperation> {
  const { core, secrets, list } = deps;
  const transfer = (isMove: boolean) => createTransfer(deps, isMove);
  return {
    "secret.put": ({ path, values, binary, cas }, call) => {
      // Else a misspelt member, or an action lost on the way, would hide the secret behind an empty version.
      // Bytes beside it show that an absent member was meant.
      const given = binary === null ? required("values", values) : values ?? null;
      return core.putSecret({ path, ...pairsOf(given, binary), call, ...casOf(cas) });
    },
    "secret.get": async ({ path, version }, _call, { isKnown }) => {
      const found = await secrets().getUnlessKnown({ path, version, isKnown });
      if (found.found === "unchanged") return new NotModified(found.tag);
      if (!found.found) throw notFound(found);
      return new Tagged(found.tag, encodeSecret(found));
    },
    "secret.batch": createBatch(deps),
    "secret.delete": ({ cas, report, ...request }, call) =>
      outcomeOf(report, core.deleteVersions({ ...request, call, ...casOf(cas) })),
    "secret.undelete": ({ cas, report, ...request }, call) =>
      outcomeOf(report, core.undeleteVersions({ ...request, call, ...casOf(cas) })),
    "secret.destroy": ({ cas, report, path, versions }, call) => {
      const given = required("versions", versions);
      return outcomeOf(
        report,
        core.destroyVersions({ path, versions: given, call, ...casOf(cas) }),
      );
    },
    "secret.purge": ({ cas, path }, call) => core.purgeSecret({ path, call, ...casOf(cas) }),
    "secret.copy": transfer(false),
    "secret.move": transfer(true),
    "secret.list": async (
      { prefix, after, limit, recursive = true },
      { id },
      { hasLeft = () => false },
    ) => {
      const most = parseLimit(limit);
      const request = { prefix, after, isOneLevel: !recursive, ...(most ? { limit: most } : {}) };
      const { expired, ...page } = await list(id, request, hasLeft);
      return expired.length > 0 ? { ...page, expired } : page;
    },
    "secret.metadata": async ({ path, version, all }, _call, { isKnown }) => {
      const found = await secrets().metadata({ path, version, evenUnreadable: all });
      if (!found.found) throw notFound(found);
      return isKnown(found.tag)
        ? new NotModified(found.tag)
        : new Tagged(found.tag, headMembers(found.head));
    },
    "secret.setMetadata": ({ cas, ...request }, call) =>
      core.setMetadata({ ...changeOf(request), call, ...casOf(cas) }),
  };
}

/** Copies or moves. The caller is authorized on both paths before anything is read. */
function createTransfer({ core, access }: SecretDeps, isMove: boolean) {
  return async (
    { from, to, version, cas }: RequestOf<"secret.copy">,
    call: Call,
  ): Promise<{ version: number; blind?: true }> => {
    const isBlind = await judgeTransfer(access, call.id, { from, to, isMove });
    const request = { path: to, from, version, isMove, isBlind, call, ...casOf(cas) };
    const done = await core.copySecret(request);
    // The audit record reads this member.
    return isBlind ? { ...done, blind: true } : done;
  };
}

/** The outcome of a change, with the missing versions only where the caller asks for them. */
async function outcomeOf(report: boolean, work: Promise<Written>): Promise<Written> {
  const { version, missing = [] } = await work;
  return report ? { version, missing } : { version };
}

function casOf(cas: number | undefined): { cas?: number } {
  return cas === undefined ? {} : { cas };
}

type TextMap = Readonly<Record<string, string>> | null;

/** Bytes travel in base64, beside the texts. */
function pairsOf(values: TextMap, encoded: TextMap) {
  if (encoded === null) return { values };
  const entries = Object.entries(encoded).map(([key, text]): [string, Uint8Array] => [
    key,
    bytesOf(key, text),
  ]);
  return { values: values ?? {}, binary: Object.fromEntries(entries) };
}

function bytesOf(key: string, text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    throw new SpikeError(
      "api_bad_request",
      `Binary value of key ${JSON.stringify(key.slice(0, 80))} is not base64`,
      { hint: "Use standard base64 with padding" },
    );
  }
}

const NEVER = "never";

function changeOf(
  { path, custom, unset, maxVersions, expiresAt }: Omit<RequestOf<"secret.setMetadata">, "cas">,
) {
  const isEmpty = custom === null && unset.length === 0 && maxVersions === undefined &&
    expiresAt === undefined;
  if (isEmpty) {
    throw new SpikeError("api_bad_request", "There is nothing to set", {
      hint: "Set at least one of custom, unset, maxVersions and expiresAt",
    });
  }
  return {
    path,
    unset,
    custom: custom ?? {},
    ...(maxVersions === undefined ? {} : { maxVersions }),
    ...(expiresAt === undefined ? {} : { expiresMs: expiryOf(expiresAt) }),
  };
}

function expiryOf(text: string): number | null {
  if (text === NEVER) return null;
  const ms = parseTime(text);
  if (ms !== undefined) return ms;
  throw new SpikeError("api_bad_request", "Member expiresAt is not a time", {
    hint: `Give a time in RFC 3339 such as 2027-01-31T12:00:00Z, or ${NEVER}`,
  });
}

function notFound({ reason: why }: SecretNotFound): SpikeError {
  const reason = why === "path" || why === "version" ? {} : { reason: why };
  return new SpikeError("api_not_found", `There is no such secret (${why})`, reason);
}
