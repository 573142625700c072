import type { Handlers } from "../../../lib/http/app.ts";
import type { Call } from "../../../lib/audit/mod.ts";
import { encodeShards, formatTime, type Operation, type RequestOf } from "../../../lib/api/mod.ts";
import { SpikeError } from "../../../lib/error/mod.ts";
import { holdsControls } from "../../../lib/text/printable.ts";
import { wipe } from "../../../lib/bytes/mod.ts";
import type { BackupOperation } from "./backup_handlers.ts";
import type { CorePort, KekStatus } from "../core/core_port.ts";
import type { ChangeKind } from "../../../lib/root_key/shard_change.ts";

/** The operations that are about Nexus itself. */
export type NexusOperation = Exclude<
  Operation,
  | `keeper.${string}`
  | `secret.${string}`
  | `policy.${string}`
  | `cipher.${string}`
  | `audit.${string}`
  | BackupOperation
>;

const NONCE_BYTES = 12;
const SHARD_LIMIT = 255;
const REASON_LIMIT = 500;

/** Every operation that is about Nexus itself, on the port to the one core. */
export function createHandlers(
  core: CorePort,
  cipherLimitBytes: number,
): Handlers<NexusOperation> {
  return {
    "status": ({ verbose }) => core.status({ verbose }),
    "operator.verify": () => core.verifyStore(),
    ...kekHandlers(core),
    ...exportHandlers(core),
    ...sealHandlers(core),
    ...shardHandlers(core),
    "bootstrap.verify": async ({ nonce, ciphertext }) => {
      if (nonce.length !== NONCE_BYTES || ciphertext.length > cipherLimitBytes) {
        throw new SpikeError(
          "api_bad_request",
          `The proof needs a nonce of ${NONCE_BYTES} bytes and a ciphertext of at most ${cipherLimitBytes}`,
        );
      }
      return { hash: await core.verify(nonce, ciphertext) };
    },
  };
}

/** Generations of the key-encryption key. */
function kekHandlers(core: CorePort): Handlers<"operator.kek.list" | "operator.kek.rotate"> {
  return {
    "operator.kek.list": async () => ({ keks: encodeKeks(await core.keks()) }),
    "operator.kek.rotate": async (_, call) => ({
      keks: encodeKeks(await core.rotateKek({ call })),
    }),
  };
}

/** Shards and the manifest, on their way to operators. */
function exportHandlers(
  core: CorePort,
): Handlers<"operator.recover" | "operator.confirm" | "operator.manifest"> {
  return {
    "operator.recover": async ({ confirms }) => {
      const { shards, manifest } = await core.recover({ confirms });
      // Clients of the original do not know the member.
      const answer = { shards: encodeShards(shards), ...(confirms ? { manifest } : {}) };
      wipe(...shards.map(({ bytes }) => bytes));
      return answer;
    },
    "operator.confirm": async ({ setId }, call) => {
      await core.confirmExport({ setId: parseSetId(setId), call });
      return {};
    },
    "operator.manifest": () => core.manifest(),
  };
}

/** Seal and unseal. */
function sealHandlers(core: CorePort): Handlers<"operator.seal" | "operator.unseal"> {
  return {
    "operator.seal": async ({ reason }, call) => {
      await core.seal({ reason: checkReason(reason), call });
      return {};
    },
    "operator.unseal": async (_request, call) => {
      await core.unseal({ call });
      return {};
    },
  };
}

/** Restore from shards, and the three changes of shards. */
function shardHandlers(core: CorePort): Handlers<"operator.restore" | `operator.${ChangeKind}`> {
  return {
    "operator.restore": async ({ id, shard }) => {
      if (id < 1 || id > SHARD_LIMIT) {
        throw new SpikeError(
          "api_bad_request",
          `Shard index is ${id}, expected 1 to ${SHARD_LIMIT}`,
        );
      }
      if (!shard?.some((byte) => byte !== 0)) {
        throw new SpikeError(
          "api_bad_request",
          "Member shard must be 32 numbers that are not all zero",
        );
      }
      return await core.restore(id, shard);
    },
    "operator.refresh": (request, call) => changeShards(core, "refresh", request, call),
    "operator.reshare": (request, call) => changeShards(core, "reshare", request, call),
    "operator.rotate-root": (request, call) => changeShards(core, "rotate-root", request, call),
  };
}

function checkReason(reason: string): string {
  if (reason === "" || reason.length > REASON_LIMIT) {
    throw new SpikeError(
      "api_bad_request",
      `Member reason must have 1 to ${REASON_LIMIT} characters`,
    );
  }
  if (holdsControls(reason)) {
    throw new SpikeError(
      "api_bad_request",
      "Member reason holds a control character, expected text on one line",
    );
  }
  return reason;
}

function parseSetId(text: string): Uint8Array {
  if (/^[0-9a-f]{32}$/.test(text)) return Uint8Array.fromHex(text);
  throw new SpikeError("api_bad_request", "Member setId must be 32 lower-case hex digits");
}

/** Only a reshare changes threshold and shares. A missing generation decodes as 0, which is never in force. */
async function changeShards(
  core: CorePort,
  kind: ChangeKind,
  request: RequestOf<"operator.reshare">,
  call: Call,
): Promise<unknown> {
  const { generation, threshold, shares, acceptsSingleSlot, allowsThresholdOne } = request;
  const hasNumbers = threshold !== undefined || shares !== undefined;
  if (generation < 1 || hasNumbers !== (kind === "reshare")) {
    throw new SpikeError(
      "api_bad_request",
      kind === "reshare"
        ? "A reshare needs the generation in force, and threshold or shares"
        : "Member generation must be the one in force, and threshold and shares stay as they are",
    );
  }
  return await core.changeShards({
    kind,
    generation,
    ...(threshold === undefined ? {} : { threshold }),
    ...(shares === undefined ? {} : { shares }),
    acceptsSingleSlot,
    allowsThresholdOne,
    call,
  });
}

function encodeKeks(keks: readonly KekStatus[]): unknown {
  return keks.map(({ generation, state, createdAtMs, sealings }) => ({
    generation,
    state,
    createdTime: formatTime(createdAtMs),
    sealings,
  }));
}
