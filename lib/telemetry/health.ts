/** `failing` makes a server not ready; `warning` needs attention but leaves it ready. */
export type HealthLevel = "failing" | "warning";

/**
 * The closed list of health words. Probes answer with these words only, because their listener is not authenticated.
 */
export const HEALTH_WORDS = {
  starting: { level: "failing", meaning: "A thread has not started yet." },
  stalled: { level: "failing", meaning: "A thread has not answered for five seconds." },
  not_accepting: {
    level: "failing",
    meaning: "Connections do not reach the listener; the server reopens it every few seconds.",
  },
  no_identity: {
    level: "failing",
    meaning: "No SVID: none has arrived yet, or the agent has withdrawn it.",
  },
  identity_expired: { level: "failing", meaning: "The SVID of this process has expired." },
  identity_expiring: {
    level: "warning",
    meaning: "Less than a quarter of the SVID's lifetime is left and no newer one has arrived.",
  },
  waiting: {
    level: "failing",
    meaning: "Nexus has no root key yet and requests shards from the keepers.",
  },
  provisional: {
    level: "failing",
    meaning: "Nexus has a root key that Bootstrap has not verified yet.",
  },
  database_lost: {
    level: "failing",
    meaning: "The keepers hold shards of a store whose database is missing.",
  },
  sealed: { level: "failing", meaning: "Nexus is sealed: its keys are no longer in memory." },
  audit_unwritable: {
    level: "failing",
    meaning:
      "The audit log cannot be written, so Nexus serves no requests; check the disk of the data directory.",
  },
  audit_elsewhere: {
    level: "warning",
    meaning:
      "Audit records cannot be written to disk: Nexus writes them to standard error and adds them to the log later.",
  },
  audit_unproved: {
    level: "warning",
    meaning:
      "Since its start Nexus has found audit records that it did not write, or changes without a record; run `spike status` and `spike operator verify`.",
  },
  audit_log_changed: {
    level: "warning",
    meaning:
      "A file of the audit log was removed, renamed, replaced or truncated while Nexus ran; its log and `spike status` name the file.",
  },
  audit_sink_failing: {
    level: "warning",
    meaning: "An audit sink rejects records and loses them; the audit log still holds them.",
  },
  store_unexpected: {
    level: "warning",
    meaning:
      "The last comparison of the store with the audit log found differences; run `spike operator verify`.",
  },
  recovery_not_exported: {
    level: "warning",
    meaning: "The current shards were never exported as recovery shards.",
  },
  writes_failing: {
    level: "warning",
    meaning:
      "The last write failed, for example on a full disk. Reads still work, so the server stays ready.",
  },
  keepers_degraded: {
    level: "warning",
    meaning: "A keeper does not hold its shard or is unreachable.",
  },
  keepers_too_few: {
    level: "warning",
    meaning:
      "Fewer keepers hold their shard than the threshold: a restart of Nexus would need recovery shards.",
  },
  no_shard: { level: "warning", meaning: "This keeper holds no shard." },
  jwt_bundles_missing: {
    level: "warning",
    meaning:
      "Proxies are configured, but no JWT bundle has been received: every token is rejected.",
  },
  memory_not_locked: {
    level: "warning",
    meaning:
      "The operating system refused to lock the memory that holds keys, so it can be swapped to disk.",
  },
} as const satisfies Record<string, { level: HealthLevel; meaning: string }>;

/** A word of {@linkcode HEALTH_WORDS}. */
export type HealthWord = keyof typeof HEALTH_WORDS;

/** Checks one thing and returns the words that apply. */
export type HealthCheck = () => readonly HealthWord[] | Promise<readonly HealthWord[]>;

/** The health of one thread. Checks run on each {@linkcode Health.read}; results are not cached. */
export class Health {
  readonly #checks = new Set<HealthCheck>();

  /** Adds a check; returns a function that removes it. */
  add(check: HealthCheck): () => void {
    this.#checks.add(check);
    return () => void this.#checks.delete(check);
  }

  /** Runs all checks and returns the words that apply now, each once. */
  async read(): Promise<HealthWord[]> {
    const found = await Promise.all([...this.#checks].map((check) => check()));
    return [...new Set(found.flat())];
  }
}

/** Groups words by level, in the order of {@linkcode HEALTH_WORDS}. */
export function judgeHealth(found: readonly HealthWord[]): Record<HealthLevel, HealthWord[]> {
  const all = (Object.keys(HEALTH_WORDS) as HealthWord[]).filter((word) => found.includes(word));
  const of = (level: HealthLevel) => all.filter((word) => HEALTH_WORDS[word].level === level);
  return { failing: of("failing"), warning: of("warning") };
}
