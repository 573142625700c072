/** Whether a reason keeps a server from being ready, or only ought to be looked at. */
export type HealthLevel = "failing" | "warning";

/**
 * The closed list of what can be wrong with a server, by word. A probe gets the words and nothing else, since
 * whoever can reach its listener may ask.
 */
export const HEALTH_WORDS = {
  starting: { level: "failing", meaning: "A thread has not come up yet." },
  stalled: { level: "failing", meaning: "A thread has not answered for five seconds." },
  not_accepting: {
    level: "failing",
    meaning: "Connections do not reach the listener; it is opened again every few seconds.",
  },
  no_identity: {
    level: "failing",
    meaning: "There is no SVID: none has come yet, or the agent has withdrawn it.",
  },
  identity_expired: { level: "failing", meaning: "The own SVID has expired." },
  identity_expiring: {
    level: "warning",
    meaning: "Less than a quarter of the SVID's life is left and no newer one has come.",
  },
  waiting: { level: "failing", meaning: "Nexus has no root key yet and asks keepers for shards." },
  provisional: {
    level: "failing",
    meaning: "Nexus has a root key that Bootstrap has not proved yet.",
  },
  database_lost: {
    level: "failing",
    meaning: "The keepers belong to a store whose database is not here.",
  },
  sealed: { level: "failing", meaning: "Nexus was sealed: it has given up its keys." },
  audit_unwritable: {
    level: "failing",
    meaning:
      "The audit log cannot be written, so nothing is served; see the disk of the data directory.",
  },
  audit_elsewhere: {
    level: "warning",
    meaning:
      "The disk takes no audit records: they are on standard error, and follow in the log when it can be written.",
  },
  audit_unproved: {
    level: "warning",
    meaning:
      "Since its start Nexus has found audit records that it did not write, or changes without a record; see `spike status` and `spike operator verify`.",
  },
  audit_log_changed: {
    level: "warning",
    meaning:
      "A file of the audit log was removed, renamed, replaced or truncated while Nexus ran; the log of Nexus and `spike status` name it.",
  },
  audit_sink_failing: {
    level: "warning",
    meaning: "A sink takes no audit records, which it loses; they are in the log of records.",
  },
  store_unexpected: {
    level: "warning",
    meaning:
      "The last comparison of the store with the audit log found something; see `spike operator verify`.",
  },
  recovery_not_exported: {
    level: "warning",
    meaning: "The shards in force were never exported as recovery shards.",
  },
  writes_failing: {
    level: "warning",
    meaning:
      "The last write failed, as on a full disk. What is stored is still served, so this is no reason to stop asking.",
  },
  keepers_degraded: {
    level: "warning",
    meaning: "A keeper does not hold its shard, or cannot be reached.",
  },
  keepers_too_few: {
    level: "warning",
    meaning:
      "Fewer keepers hold their shard than rebuild the root key: a restart of Nexus would need recovery shards.",
  },
  no_shard: { level: "warning", meaning: "This keeper holds no shard." },
  jwt_bundles_missing: {
    level: "warning",
    meaning: "Proxies are named, but no JWT bundles have come: every token is refused.",
  },
  memory_not_locked: {
    level: "warning",
    meaning: "The system refused to lock the memory of keys, so that it may reach swap.",
  },
} as const satisfies Record<string, { level: HealthLevel; meaning: string }>;

/** A word of the closed list. */
export type HealthWord = keyof typeof HEALTH_WORDS;

/** Looks at one thing, and answers what is wrong with it. */
export type HealthCheck = () => readonly HealthWord[] | Promise<readonly HealthWord[]>;

/** What one thread knows to be wrong. Checks are run when somebody asks; nothing is kept. */
export class Health {
  readonly #checks = new Set<HealthCheck>();

  /** Adds a check; answers its removal. */
  add(check: HealthCheck): () => void {
    this.#checks.add(check);
    return () => void this.#checks.delete(check);
  }

  /** Every word that holds now. */
  async read(): Promise<HealthWord[]> {
    const found = await Promise.all([...this.#checks].map((check) => check()));
    return [...new Set(found.flat())];
  }
}

/** Words taken apart by what follows from them, in the order of the list. */
export function judgeHealth(found: readonly HealthWord[]): Record<HealthLevel, HealthWord[]> {
  const all = (Object.keys(HEALTH_WORDS) as HealthWord[]).filter((word) => found.includes(word));
  const of = (level: HealthLevel) => all.filter((word) => HEALTH_WORDS[word].level === level);
  return { failing: of("failing"), warning: of("warning") };
}
