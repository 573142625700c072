/** States that status, probes, metrics and logs have in common. */

/** State of Nexus. */
export const NEXUS_STATES = ["waiting", "provisional", "ready", "database_lost", "sealed"] as const;

/** State of one keeper as Nexus sees it. */
export const KEEPER_STATES = ["unknown", "ok", "empty", "wrong", "unreachable"] as const;
