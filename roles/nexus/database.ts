import type { NexusSettings } from "../../lib/config/mod.ts";

/** The database file of a Nexus. */
export function databasePath({ dataDir }: NexusSettings): string {
  return `${dataDir}/spike.db`;
}
