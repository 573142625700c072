import type { Handler } from "../../../lib/api/app.ts";
import { type ErrorCode, routeOf, SpikeError } from "../../../lib/api/mod.ts";
import type { SecretFound, SecretReader } from "../../../lib/secret/mod.ts";
import type { SpiffeId } from "../../../lib/spiffe/mod.ts";
import type { Logger } from "../../../lib/telemetry/mod.ts";
import type { Access } from "./access.ts";
import { encodeSecret } from "./secret_answer.ts";

/** Most paths of one request. */
export const MAX_BATCH = 100;
/** From this size on no further secret is added to an answer. */
const FULL_CHARACTERS = 8 * 1024 * 1024;

/** What a batch works with. */
export interface BatchDeps {
  readonly secrets: () => SecretReader;
  readonly access: Access;
  readonly log: Logger;
}

/** What can be wrong with one path of several; everything else fails the request. */
const VERDICTS: readonly ErrorCode[] = [
  "access_unauthorized",
  "api_bad_request",
  "api_not_found",
  "overloaded",
  "state_integrity_check",
];

/**
 * Reads the current versions of several secrets; each path has a verdict of its own, as a get of it alone would
 * have had. What no longer fits the answer is `overloaded`, to be asked for again.
 */
export function createBatch(deps: BatchDeps): Handler<"secret.batch"> {
  return async ({ paths }, { id }) => {
    if (paths.length === 0 || paths.length > MAX_BATCH) {
      throw new SpikeError(
        "api_bad_request",
        `Batch has ${paths.length} paths, expected 1 to ${MAX_BATCH}`,
      );
    }
    let size = 0;
    const secrets: unknown[] = [];
    for (const path of paths) {
      try {
        if (size > FULL_CHARACTERS) throw new SpikeError("overloaded", "The answer is full");
        const found = await read(deps, id, path);
        size += sizeOf(found);
        secrets.push({ path, ...encodeSecret(found) });
      } catch (reason) {
        if (!(reason instanceof SpikeError && VERDICTS.includes(reason.code))) throw reason;
        note(deps.log, reason, { operation: "secret.batch", peer: id, path });
        secrets.push({ path, data: null, err: reason.code });
      }
    }
    return { secrets };
  };
}

async function read({ secrets, access }: BatchDeps, id: SpiffeId, path: string) {
  if (!await access.allows(id, routeOf("secret.get"), path)) {
    throw new SpikeError("access_unauthorized", `${id} may not read this`);
  }
  const found = await secrets().get({ path });
  if (!found.found) throw new SpikeError("api_not_found", "There is no such secret");
  return found;
}

/** What a get of the path alone would have left in the log. */
function note(
  log: Logger,
  { code, message: detail }: SpikeError,
  fields: Record<string, string>,
): void {
  if (code === "access_unauthorized") log.warn("access_denied", { ...fields, detail });
  if (code === "state_integrity_check") log.error("operation_failed", { ...fields, code, detail });
}

function sizeOf({ values, binary }: SecretFound): number {
  const texts = Object.values(values ?? {}).reduce((size, text) => size + text.length, 0);
  return Object.values(binary).reduce((size, bytes) => size + bytes.length * 2, texts);
}
