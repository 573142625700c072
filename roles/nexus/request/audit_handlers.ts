import type { Handlers } from "../../../lib/http/app.ts";
import { type Operation } from "../../../lib/api/mod.ts";
import { SpikeError } from "../../../lib/error/mod.ts";
import type { CorePort } from "../core/core_port.ts";

/** The operations on the audit log. Retention and sinks are settings and not part of the API. */
export type AuditOperation = Extract<Operation, `audit.${string}`>;

const LIMIT = 1_000;
const DEFAULT_LIMIT = 20;

/** Every operation on the audit log, on the port to the one that writes it. */
export function createAuditHandlers(
  core: Pick<CorePort, "auditTail" | "auditKeys">,
): Handlers<AuditOperation> {
  return {
    "audit.tail": ({ after, limit = DEFAULT_LIMIT }) => {
      if (limit < 1 || limit > LIMIT) {
        throw new SpikeError("api_bad_request", `Limit is ${limit}, expected 1 to ${LIMIT}`);
      }
      return core.auditTail({ limit, ...(after === undefined ? {} : { after }) });
    },
    "audit.export": () => core.auditKeys(),
  };
}
