import {
  type Cover,
  digestOf,
  feedLog,
  type Finding,
  LogVerifier,
  nativeHash,
  nativeVerifier,
  Newest,
  parseCheckpoint,
  ROW_KINDS,
  type RowKind,
  type Verified,
} from "../../lib/audit/mod.ts";
import type { AuditLogRow, StoreReader } from "../../lib/store/mod.ts";

/** A row of the store that is not what was recorded last. */
export interface RowFinding {
  readonly kind: RowKind;
  readonly name: string;
  readonly what: "replaced" | "removed" | "unrecorded";
}

/** What was found of one log. */
export type LogFinding =
  | Omit<Verified, "newest">
  | { readonly log: string; readonly missing: true };

/** The outcome of a comparison. */
export interface StoreVerified {
  readonly heads: number;
  readonly policies: number;
  readonly cipherKeys: number;
  /** Rows older than the first record: nothing is known of them. */
  readonly older: number;
  readonly logs: readonly LogFinding[];
  /** The first hundred. */
  readonly rows: readonly RowFinding[];
  /** How many there are in all, in logs and rows. */
  readonly findings: number;
}

/** A log, with what it takes to check it. */
export interface KnownLog extends AuditLogRow {
  /** Undefined when its key is not what was stored. */
  readonly publicKey: Uint8Array | undefined;
  /** How texts were covered in it, or may have been. */
  readonly covers: readonly Cover[];
}

/** What a comparison takes. */
export interface VerifyStoreOptions {
  readonly store: StoreReader;
  readonly directory: string;
  /** By time of creation. */
  readonly logs: readonly KnownLog[];
  /** Brings every record of what was committed to the files. */
  readonly settle: () => Promise<void>;
  /** Awaited after each small step. */
  readonly pause: () => Promise<void>;
}

const PAGE = 200;
const KEPT = 100;

/** Reads a row of each kind by its name. */
const READ: Readonly<
  Record<RowKind, (store: StoreReader, name: string) => Promise<StoredRow | undefined>>
> = {
  head: (store, path) => store.head(path),
  policy: (store, name) => store.policy(name),
  keyHead: (store, name) => store.keyHead(name),
};

/**
 * Compares every head of a secret, every policy and every head of a cipher key with the newest digest that the audit
 * logs tell of it, and checks the logs first. Rows that change meanwhile are left to the next time.
 */
export async function verifyStore(options: VerifyStoreOptions): Promise<StoreVerified> {
  const { store, settle, pause } = options;
  await settle();
  const revision = await store.revision();
  const { newest, logs } = await readLogs(options);
  const rows = new Rows(newest, options, revision);
  let after: string | undefined;
  for (;;) {
    const paths = await store.listPaths({ limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { path } of paths) {
      const head = await store.head(path);
      if (head) rows.compare("head", path, head);
    }
    after = paths.at(-1)?.path;
    if (paths.length < PAGE) break;
    await pause();
  }
  const { rows: policies } = await store.policies();
  for (const policy of policies) rows.compare("policy", policy.name, policy);
  for (const key of await store.keyHeads()) rows.compare("keyHead", key.name, key);
  await rows.findUnlisted(store, pause);
  const found = await stillFound(rows.found, options);
  const inLogs = logs.reduce((sum, log) => sum + ("missing" in log ? 1 : log.findings.length), 0);
  return {
    heads: rows.count.head,
    policies: rows.count.policy,
    cipherKeys: rows.count.keyHead,
    older: rows.older,
    logs,
    rows: found.slice(0, KEPT),
    findings: found.length + inLogs,
  };
}

/** Reads all logs, oldest first, and checks each. */
async function readLogs({ directory, logs, pause }: VerifyStoreOptions) {
  const newest = new Newest();
  const found: LogFinding[] = [];
  for (const { log, publicKey, checkpoint } of logs) {
    const held = parseCheckpoint(checkpoint);
    const verifier = new LogVerifier({
      key: { log, publicKey: publicKey ?? new Uint8Array(32) },
      held: held ? [held] : [],
      hash: nativeHash,
      verify: publicKey ? nativeVerifier() : () => false,
      onRecord: (_n, bytes) => newest.take(bytes),
    });
    await feedLog(verifier, directory, log, pause);
    const { newest: _, ...verified } = verifier.end();
    const findings: readonly Finding[] = publicKey ? verified.findings : [
      { record: 0, file: "", line: 0, what: "the key of the log is not what was stored" },
      ...verified.findings,
    ];
    found.push(verified.size === 0 && held ? { log, missing: true } : { ...verified, findings });
  }
  return { newest, logs: found };
}

interface StoredRow {
  readonly revision: number;
  readonly sealed: Uint8Array;
}

class Rows {
  readonly found: RowFinding[] = [];
  readonly count = { head: 0, policy: 0, keyHead: 0 };
  older = 0;
  readonly #newest: Newest;
  readonly #covers: readonly Cover[];
  readonly #revision: number;
  readonly #seen = new Set<string>();

  constructor(newest: Newest, { logs }: VerifyStoreOptions, revision: number) {
    this.#newest = newest;
    this.#covers = logs.flatMap(({ covers }) => covers);
    this.#revision = revision;
  }

  compare(kind: RowKind, name: string, { revision, sealed }: StoredRow): void {
    this.count[kind]++;
    const names = this.#namesOf(kind, name);
    for (const one of names) this.#seen.add(`${kind} ${one}`);
    // It was written while this ran.
    if (revision > this.#revision) return;
    const recorded = names.map((one) => this.#newest.of(kind, one))
      .filter((one) => one !== undefined)
      .reduce(
        (a, b) => a && a.revision > b.revision ? a : b,
        undefined as ReturnType<Newest["of"]>,
      );
    if (recorded === undefined) {
      const { firstRevision } = this.#newest;
      if (firstRevision === undefined || revision < firstRevision) this.older++;
      else this.found.push({ kind, name, what: "unrecorded" });
    } else if (recorded.digest !== digestOf(sealed)) {
      this.found.push({
        kind,
        name,
        what: recorded.digest === undefined ? "unrecorded" : "replaced",
      });
    }
  }

  /**
   * What is recorded, not as removed, and not listed: purged heads are compared, all else was removed. A purged head
   * whose path is covered cannot be asked for.
   */
  async findUnlisted(store: StoreReader, pause: () => Promise<void>): Promise<void> {
    for (const kind of ROW_KINDS) {
      for (const name of this.#newest.names(kind)) {
        if (this.#seen.has(`${kind} ${name}`)) continue;
        const isPurged = this.#newest.of(kind, name)?.isPurged;
        if (isPurged && name.startsWith("hmac:")) continue;
        const head = isPurged ? await store.head(name) : undefined;
        if (head) this.compare(kind, name, head);
        else this.miss(kind, name);
        await pause();
      }
    }
  }

  /** A row is not there, under a name as it stands in the records. */
  miss(kind: RowKind, name: string): void {
    if (this.#newest.of(kind, name)?.digest === undefined) return;
    this.found.push({ kind, name, what: "removed" });
  }

  /** As which texts a name may stand in the records. Only paths are ever covered. */
  #namesOf(kind: RowKind, name: string): string[] {
    if (kind !== "head") return [name];
    return [...new Set([name, ...this.#covers.map((cover) => cover("path", name))])];
  }
}

/**
 * What is found a second time. A row may have been removed, or sealed anew, between the reading of the logs and its
 * own; the logs know it by now.
 */
async function stillFound(
  found: readonly RowFinding[],
  options: VerifyStoreOptions,
): Promise<readonly RowFinding[]> {
  if (found.length === 0) return found;
  const { store, settle, pause } = options;
  await settle();
  const revision = await store.revision();
  const { newest } = await readLogs(options);
  const rows = new Rows(newest, options, revision);
  for (const { kind, name } of found) {
    const row = await READ[kind](store, name);
    if (row) rows.compare(kind, name, row);
    else rows.miss(kind, name);
    await pause();
  }
  return rows.found;
}
