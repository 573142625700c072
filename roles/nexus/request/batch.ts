import { bounded } from "../../../lib/audit/mod.ts";
import type { Handler } from "../../../lib/http/app.ts";
import { type ErrorCode, SpikeError } from "../../../lib/error/mod.ts";
import { routeOf } from "../../../lib/api/mod.ts";
import type { SecretFound, SecretReader } from "../../../lib/secret/mod.ts";
import type { SpiffeId } from "../../../lib/spiffe/mod.ts";
import type { Logger } from "../../../lib/telemetry/mod.ts";
import type { Access } from "./access.ts";
import { encodeSecret } from "./secret_answer.ts";

/** Most paths of one request. */
export const MAX_BATCH = 100;
/** From this size on no further secret is added to an answer. */
const FULL_CHARACTERS = 8 * 1024 * 1024;

/** What the batch handler works with. */
export interface BatchDeps {
  readonly secrets: () => SecretReader;
  readonly access: Access;
  readonly log: Logger;
}

/** Errors of a single path; every other one fails the request. */
const VERDICTS: readonly ErrorCode[] = [
  "access_unauthorized",
  "api_bad_request",
  "api_not_found",
  "overloaded",
  "state_integrity_check",
];

/**
 * Reads the current versions of several secrets; each path has the result that a get of it alone would have. Secrets
 * that no longer fit the answer are `overloaded`; the client requests them again.
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
    const refusals = new Refusals();
    const secrets: unknown[] = [];
    for (const path of paths) {
      try {
        if (size > FULL_CHARACTERS) throw new SpikeError("overloaded", "The answer is full");
        const found = await read(deps, id, path);
        size += sizeOf(found);
        secrets.push({ path, ...encodeSecret(found) });
      } catch (reason) {
        if (!(reason instanceof SpikeError && VERDICTS.includes(reason.code))) throw reason;
        refusals.add(reason, path);
        secrets.push({ path, data: null, err: reason.code });
      }
    }
    refusals.log(deps.log, { operation: "secret.batch", peer: id }, paths.length);
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

/** Paths named in one line. */
const NAMED = 8;

/** Logs what gets of the single paths would have logged, with one line for all denied and one for all damaged paths. */
class Refusals {
  readonly #denied: string[] = [];
  readonly #damaged: string[] = [];
  #detail = "";

  add({ code, message }: SpikeError, path: string): void {
    if (code === "access_unauthorized") this.#denied.push(path);
    if (code !== "state_integrity_check") return;
    this.#damaged.push(path);
    this.#detail ||= message;
  }

  /** When all paths are denied, the request as a whole is. */
  log(log: Logger, fields: Readonly<Record<string, string>>, of: number): void {
    const [denied, damaged] = [this.#denied, this.#damaged];
    if (denied.length > 0 && denied.length < of) {
      log.warn("access_denied", {
        ...fields,
        ...named(denied),
        detail: `${fields["peer"]} may not read this`,
      });
    }
    if (damaged.length > 0) {
      const code = "state_integrity_check";
      log.error("operation_failed", { ...fields, ...named(damaged), code, detail: this.#detail });
    }
  }
}

function named(paths: readonly string[]): { count: number; paths: string } {
  const first = paths.slice(0, NAMED).map((path) => bounded(path));
  return { count: paths.length, paths: JSON.stringify(first) };
}

function sizeOf({ values, binary }: SecretFound): number {
  const texts = Object.values(values ?? {}).reduce((size, text) => size + text.length, 0);
  return Object.values(binary).reduce((size, bytes) => size + bytes.length * 2, texts);
}
