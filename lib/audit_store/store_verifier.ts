import {
  type Cover,
  digestOf,
  feedLog,
  type LogFault,
  LogVerifier,
  nameOfKey,
  nativeHash,
  nativeVerifier,
  Newest,
  parseCheckpoint,
  type Recorded,
  Restorations,
  ROW_KINDS,
  type RowKind,
  type Verified,
} from "../audit/mod.ts";
import type { AuditStatus } from "../api/status.ts";
import { isDamage } from "../seal/damage.ts";
import type { AuditLogRow, HeadRow, ListedPath, StoreReader } from "../store/mod.ts";

/** A row of the store that differs from its last record. */
export interface RowFinding {
  /** `store`: a row about the store itself. */
  readonly kind: RowKind | "store";
  /** Path, policy name or key name of the row. */
  readonly name: string;
  /**
   * `misindexed`: it is there, and one of the ways to it leads elsewhere. `damaged`: it cannot be read, or a column
   * holds a value that spike never stores there.
   */
  readonly what: "replaced" | "removed" | "unrecorded" | "misindexed" | "damaged";
}

/** The result for one log. */
export type LogFinding =
  | Omit<Verified, "newest">
  | {
    readonly log: string;
    readonly missing: true;
    /** It was left out when the store was restored from a backup; this is not a finding. */
    readonly left?: true;
  };

/** The outcome of a comparison. */
export interface StoreVerified {
  /** Secrets that were compared. */
  readonly heads: number;
  /** Policies that were compared. */
  readonly policies: number;
  /** Cipher keys that were compared. */
  readonly cipherKeys: number;
  /** Rows older than the first record: nothing is known of them. */
  readonly older: number;
  /** One entry for each audit log of the store. */
  readonly logs: readonly LogFinding[];
  /** The first hundred. */
  readonly rows: readonly RowFinding[];
  /** Records and rows found since the start that this process did not record; absent when there are none. */
  readonly unproved?: AuditStatus;
  /** How many there are in all, in logs and rows. */
  readonly findings: number;
}

/** A log with the key and covers that its check needs. */
export interface KnownLog extends AuditLogRow {
  /** Undefined when the stored key was modified. */
  readonly publicKey: Uint8Array | undefined;
  /** How texts were covered in it, or may have been. */
  readonly covers: readonly Cover[];
}

/** Options of a comparison. */
export interface VerifyStoreOptions {
  /** The store to compare. */
  readonly store: StoreReader;
  /** Directory of the audit logs. */
  readonly directory: string;
  /** By time of creation. */
  readonly logs: readonly KnownLog[];
  /** Writes the records of all committed changes to the files. */
  readonly settle: () => Promise<void>;
  /** Awaited after each small step. */
  readonly pause: () => Promise<void>;
}

const PAGE = 200;
const KEPT = 100;

/**
 * Compares every head of a secret, every policy and every head of a cipher key with the newest digest that the audit
 * logs tell of it, looks whether every long-lived key is there, and checks the logs first. Rows that change meanwhile
 * are left to the next time.
 */
export async function verifyStore(options: VerifyStoreOptions): Promise<StoreVerified> {
  const { store, settle, pause } = options;
  await settle();
  const counter = await unlessDamaged(() => store.revision());
  const { newest, logs } = await readLogs(options);
  // Without the counter nothing counts as written meanwhile.
  const rows = new Rows(newest, options, counter.found ?? Infinity);
  if (counter.isDamaged) rows.find("store", "revision", "damaged");
  await findInStore(rows, options);
  let after: string | undefined;
  for (;;) {
    const paths = await store.listPaths({ limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const listed of paths) {
      const head = await unlessDamaged(() => store.head(listed.path));
      if (head.isDamaged) rows.seeDamaged("head", listed.path);
      else rows.compareListed(listed, head.found);
    }
    await findDamagedVersions(rows, store, paths);
    after = paths.at(-1)?.path;
    if (paths.length < PAGE) break;
    await pause();
  }
  for (const policy of (await store.policies()).rows) {
    const found = await unlessDamaged(() => store.policy(policy.name));
    if (found.isDamaged) rows.seeDamaged("policy", policy.name);
    else rows.compareBoth("policy", policy.name, policy, found.found);
  }
  for (const key of await store.keyHeads()) {
    const found = await unlessDamaged(() => store.keyHead(key.name));
    if (found.isDamaged) rows.seeDamaged("keyHead", key.name);
    else rows.compareBoth("keyHead", key.name, key, found.found);
  }
  for (const key of await store.keys()) {
    const { found, isDamaged } = await unlessDamaged(() => store.key(key.name, key.version));
    const name = nameOfKey(key);
    if (isDamaged || holdsMisshapen(key)) rows.seeDamaged("key", name);
    else {
      rows.see("key", name);
      if (!found) rows.find("key", name, "misindexed");
    }
  }
  await rows.findUnlisted(store, pause);
  rows.findAhead((await unlessDamaged(() => store.revision())).found ?? Infinity);
  const found = await stillFound(rows, options);
  const inLogs = logs.reduce((sum, log) => sum + findingsIn(log), 0);
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

/** A row, or that it cannot be read: one damaged row does not stop the comparison. */
async function unlessDamaged<T>(
  read: () => Promise<T>,
): Promise<{ found?: T; isDamaged: boolean }> {
  try {
    return { found: await read(), isDamaged: false };
  } catch (reason) {
    if (!isDamage(reason)) throw reason;
    return { isDamaged: true };
  }
}

/** The store reads a number that is out of range as a negative one. */
function holdsMisshapen(row: object): boolean {
  return Object.values(row).some((value) => typeof value === "number" && value < 0);
}

/** Rows about the store itself: its metadata, its key-encryption keys, and its logs. */
async function findInStore(rows: Rows, { store, logs }: VerifyStoreOptions): Promise<void> {
  const name = (one: string) => rows.find("store", one, "damaged");
  if ((await unlessDamaged(() => store.meta())).isDamaged) name("meta");
  if ((await store.policies()).revision < 0) name("policy revision");
  for (const kek of await store.keks()) {
    if (holdsMisshapen(kek)) name(`key-encryption key ${kek.generation}`);
  }
  for (const log of logs) {
    if (log.createdAtMs < 0) name(`audit log ${log.log}`);
  }
}

/** Values are opened on read only; whether their rows can be asked for at all is told here. */
async function findDamagedVersions(
  rows: Rows,
  store: StoreReader,
  paths: readonly ListedPath[],
): Promise<void> {
  const [from, to] = [paths.at(0)?.path, paths.at(-1)?.path];
  if (from === undefined || to === undefined) return;
  for (const path of await store.damagedVersions({ from, to })) rows.find("head", path, "damaged");
}

function findingsIn(log: LogFinding): number {
  if ("missing" in log) return log.left ? 0 : 1;
  return log.findings.length;
}

/**
 * Reads all logs, oldest first, and checks each. Where the store was put back from a backup they are read once more,
 * without what that took back.
 */
async function readLogs(options: VerifyStoreOptions) {
  const restorations = new Restorations();
  const first = new Newest();
  const logs = await checkLogs(options, (bytes) => {
    restorations.take(bytes);
    first.take(bytes);
  });
  if (restorations.isEmpty) return { newest: first, logs };
  const newest = new Newest(restorations);
  await checkLogs(options, (bytes) => newest.take(bytes));
  return {
    newest,
    logs: logs.map((one): LogFinding =>
      "missing" in one && restorations.wentWithout(one.log) ? { ...one, left: true } : one
    ),
  };
}

async function checkLogs(
  { directory, logs, pause }: VerifyStoreOptions,
  onRecord: (bytes: Uint8Array) => void,
): Promise<LogFinding[]> {
  const found: LogFinding[] = [];
  for (const { log, publicKey, checkpoint } of logs) {
    const held = parseCheckpoint(checkpoint);
    const verifier = new LogVerifier({
      key: { log, publicKey: publicKey ?? new Uint8Array(32) },
      held: held ? [held] : [],
      hash: nativeHash,
      verify: publicKey ? nativeVerifier() : () => false,
      onRecord: (_n, bytes) => onRecord(bytes),
    });
    await feedLog(verifier, directory, log, pause);
    const { newest: _, ...verified } = verifier.end();
    const findings: readonly LogFault[] = publicKey ? verified.findings : [
      { record: 0, file: "", line: 0, what: "the key of the log is not what was stored" },
      ...verified.findings,
    ];
    found.push(verified.size === 0 && held ? { log, missing: true } : { ...verified, findings });
  }
  return found;
}

interface StoredRow {
  readonly revision: number;
  readonly sealed: Uint8Array;
}

/** How a row of each kind is found by its name. */
const BY_NAME: Readonly<
  Record<RowKind, (store: StoreReader, name: string) => Promise<StoredRow | undefined>>
> = {
  head: (store, path) => store.head(path),
  policy: (store, name) => store.policy(name),
  keyHead: (store, name) => store.keyHead(name),
  // Its wrapping changes without a record, so there is nothing to compare.
  key: () => Promise.resolve(undefined),
};

class Rows {
  readonly found: RowFinding[] = [];
  readonly count = { head: 0, policy: 0, keyHead: 0, key: 0 };
  older = 0;
  readonly #newest: Newest;
  readonly #covers: readonly Cover[];
  readonly #revision: number;
  readonly #seen = new Set<string>();
  readonly #later: { kind: RowKind; name: string; revision: number }[] = [];

  constructor(newest: Newest, { logs }: VerifyStoreOptions, revision: number) {
    this.#newest = newest;
    this.#covers = logs.flatMap(({ covers }) => covers);
    this.#revision = revision;
  }

  /** Notes a row that exists, under this name or the one that stands for it in the records. */
  see(kind: RowKind, name: string): void {
    this.count[kind]++;
    for (const one of this.#namesOf(kind, name)) this.#seen.add(`${kind} ${one}`);
  }

  find(kind: RowFinding["kind"], name: string, what: RowFinding["what"]): void {
    this.found.push({ kind, name, what });
  }

  /** A row is there and cannot be read. */
  seeDamaged(kind: RowKind, name: string): void {
    this.see(kind, name);
    this.find(kind, name, "damaged");
  }

  /** An index tells what is listed. It has to lead to a head, which is never taken away, and to agree with it. */
  compareListed({ path, expiresMs }: ListedPath, head: HeadRow | undefined): void {
    this.see("head", path);
    if (head === undefined) {
      const isKnown = this.recorded("head", path)?.digest !== undefined;
      this.find("head", path, isKnown ? "misindexed" : "unrecorded");
    } else if (head.expiresMs === expiresMs || head.revision > this.#revision) {
      this.compare("head", path, head);
    } else this.find("head", path, "misindexed");
  }

  /** A row as it stands in its table, and as its name leads to it. */
  compareBoth(kind: RowKind, name: string, row: StoredRow, found: StoredRow | undefined): void {
    this.see(kind, name);
    if (!this.compare(kind, name, row) || this.#isLater(found)) return;
    const isSame = found && digestOf(found.sealed) === digestOf(row.sealed);
    if (!isSame) this.find(kind, name, "misindexed");
  }

  /** False when it has found something. */
  compare(kind: RowKind, name: string, row: StoredRow): boolean {
    if (this.#isLater(row)) {
      this.#later.push({ kind, name, revision: row.revision });
      return true;
    }
    const recorded = this.recorded(kind, name);
    if (recorded === undefined) {
      const { firstRevision } = this.#newest;
      const isOlder = firstRevision === undefined || row.revision < firstRevision;
      if (isOlder) this.older++;
      else this.find(kind, name, "unrecorded");
      return isOlder;
    }
    if (recorded.digest === digestOf(row.sealed)) return true;
    this.find(kind, name, recorded.digest === undefined ? "unrecorded" : "replaced");
    return false;
  }

  /**
   * What is recorded, not as removed, and not listed. Heads that were purged are compared. A purged head whose path is
   * covered cannot be asked for.
   */
  async findUnlisted(store: StoreReader, pause: () => Promise<void>): Promise<void> {
    for (const kind of ROW_KINDS) {
      for (const name of this.#newest.names(kind)) {
        if (this.#seen.has(`${kind} ${name}`)) continue;
        const isPurged = this.#newest.of(kind, name)?.isPurged;
        if (isPurged && name.startsWith("hmac:")) continue;
        const { found: row, isDamaged } = await unlessDamaged(() => BY_NAME[kind](store, name));
        if (isDamaged) this.seeDamaged(kind, name);
        else if (row && isPurged) {
          this.see(kind, name);
          this.compare(kind, name, row);
        } else this.find(kind, name, row ? "misindexed" : "removed");
        await pause();
      }
    }
  }

  /** It was written while this ran, if the store has come to its revision meanwhile. */
  #isLater(row: StoredRow | undefined): boolean {
    return row !== undefined && row.revision > this.#revision;
  }

  /** Names rows of revisions that the store has not come to. */
  findAhead(reached: number): void {
    for (const { kind, name, revision } of this.#later) {
      if (revision > reached) this.find(kind, name, "replaced");
    }
  }

  /** The last record of a row. */
  recorded(kind: RowFinding["kind"], name: string): Recorded | undefined {
    if (kind === "store") return undefined;
    return this.#namesOf(kind, name).map((one) => this.#newest.of(kind, one))
      .filter((one) => one !== undefined)
      .reduce((a, b) => a && a.revision > b.revision ? a : b, undefined as Recorded | undefined);
  }

  /** The texts that may stand for a name in the records. Only paths are ever covered. */
  #namesOf(kind: RowKind, name: string): string[] {
    if (kind !== "head") return [name];
    return [...new Set([name, ...this.#covers.map((cover) => cover("path", name))])];
  }
}

/**
 * Without what the logs tell more of by now: between the reading of the logs and its own, a row may have been removed
 * or sealed anew.
 */
async function stillFound(rows: Rows, options: VerifyStoreOptions): Promise<readonly RowFinding[]> {
  if (rows.found.length === 0) return [];
  await options.settle();
  const { newest } = await readLogs(options);
  const later = new Rows(newest, options, 0);
  return rows.found.filter(({ kind, name }) => {
    const [before, now] = [rows.recorded(kind, name), later.recorded(kind, name)];
    return before?.digest === now?.digest && before?.revision === now?.revision;
  });
}
