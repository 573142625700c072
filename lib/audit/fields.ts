import type { RequestEntry } from "./entry.ts";

/** A record as the fields of a log line, for servers that keep nothing on disk. */
export function fieldsOf(entry: RequestEntry): Readonly<Record<string, string | number | null>> {
  const { caller, subject, grant } = entry;
  const { versions, names } = subject;
  return {
    correlation: entry.correlation,
    caller: caller.id,
    trustDomain: caller.trustDomain,
    serial: caller.serial,
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
    at: new Date(entry.timeMs).toISOString(),
  };
}
