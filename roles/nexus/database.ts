import type { NexusSettings } from "../../lib/config/mod.ts";

/** The database file of a Nexus. */
export function databasePath({ dataDir }: NexusSettings): string {
  return `${dataDir}/spike.db`;
}

/** The directory of the audit logs of a Nexus. */
export function auditPath({ dataDir }: NexusSettings): string {
  return `${dataDir}/audit`;
}
