import type { RequestEntry } from "./entry.ts";
import { SERIAL_DIGITS } from "./record.ts";

/** A record as the fields of a log line, for servers that keep nothing on disk. */
export function fieldsOf(entry: RequestEntry): Readonly<Record<string, string | number | null>> {
  const { caller, subject, grant } = entry;
  const { versions, names } = subject;
  return {
    correlation: entry.correlation,
    caller: caller.id,
    trustDomain: caller.trustDomain,
    serial: caller.serial.slice(0, SERIAL_DIGITS),
    ...(caller.via ? { via: caller.via } : {}),
    operation: entry.operation,
    ...(subject.path === undefined ? {} : { path: subject.path }),
    ...(subject.version === undefined ? {} : { version: subject.version }),
    ...(versions ? { versions: versions.join(",") } : {}),
    ...(names ? { names: JSON.stringify(names) } : {}),
    ...(grant ? { [grant.by]: grant.name } : {}),
    status: entry.status,
    ...(entry.code === undefined ? {} : { code: entry.code }),
    durationUs: entry.durationUs,
    ...(entry.sum ? { count: entry.sum.count, kinds: JSON.stringify(entry.sum.kinds) } : {}),
    at: new Date(entry.timeMs).toISOString(),
  };
}
