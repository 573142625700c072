import { isRefusal, Refusals, type RequestEntry } from "../audit/mod.ts";
import type { Refusal } from "../mtls/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import type { Route } from "../api/route.ts";

/** Options of a refusal audit. */
export interface RefusalAuditOptions {
  /** The server that refuses. */
  readonly server: Route["server"];
  /** Takes a record; see `AppOptions.audit`. */
  readonly record: (entry: RequestEntry) => Promise<void>;
  /** Where failures to record are logged. */
  readonly log: Logger;
  /** Milliseconds. Default: the system's. */
  readonly clock?: () => number;
}

/** Where the records of requests go before they are written: those of refused ones singly or in sum. */
export interface RefusalAudit {
  /** Takes the record of a request. False when it is only counted, and recorded later in sum. */
  audit(entry: RequestEntry): Promise<boolean>;
  /** Takes a refusal that happened before a route was found. */
  refused(refusal: Refusal): void;
  /** Records what was counted, and stops counting. */
  close(): Promise<void>;
}

/** Records requests; of refused ones the first of each caller and interval singly, the others in sum. */
export function createRefusalAudit(options: RefusalAuditOptions): RefusalAudit {
  const { server, record, log, clock = Date.now } = options;
  const refusals = new Refusals(clock);
  let timer: ReturnType<typeof setTimeout> | undefined;

  const recordSum = async (entry: RequestEntry) => {
    const { count, kinds } = entry.sum ?? { count: 0, kinds: {} };
    const fields = { peer: entry.caller.id, count, kinds: JSON.stringify(kinds) };
    log.warn("requests_refused", fields);
    await record(entry).catch((error) => tellLost(log, entry, error));
  };
  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    await Promise.all(refusals.takeSums().map(recordSum));
  };
  const audit = async (entry: RequestEntry) => {
    if (isRefusal(entry)) {
      if (refusals.isOver) void flush();
      if (!refusals.take(entry)) {
        timer ??= setTimeout(() => void flush(), refusals.remainingMs);
        return false;
      }
    }
    await record(entry);
    return true;
  };
  return {
    audit,
    refused: (refusal) => {
      const entry = entryOf(refusal, server, clock());
      const { fault, peer: { id: peer }, remote = null } = refusal;
      audit(entry).then(
        (isSingle) => isSingle && log.warn("malformed_request", { code: fault, peer, remote }),
        (error) => tellLost(log, entry, error),
      );
    },
    close: flush,
  };
}

function entryOf(
  { peer, status, fault }: Refusal,
  server: Route["server"],
  timeMs: number,
): RequestEntry {
  const { id, trustDomain, serial } = peer;
  return {
    correlation: crypto.randomUUID(),
    server,
    caller: { id, trustDomain, serial },
    operation: null,
    subject: { names: { fault } },
    status,
    code: status === 429 ? "overloaded" : status === 400 ? "api_bad_request" : "api_internal_error",
    timeMs,
    durationUs: 0,
  };
}

function tellLost(log: Logger, { correlation }: RequestEntry, error: unknown): void {
  const detail = error instanceof Error ? error.message : "not an error";
  log.error("audit_record_failed", { operation: null, correlation, detail });
}
