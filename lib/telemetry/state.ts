/** States shared by status, probes, metrics and logs. */

/** States of Nexus. */
export const NEXUS_STATES = ["waiting", "provisional", "ready", "database_lost", "sealed"] as const;

/** States of one keeper as seen by Nexus. */
export const KEEPER_STATES = ["unknown", "ok", "empty", "wrong", "unreachable"] as const;
