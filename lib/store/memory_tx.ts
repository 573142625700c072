import { SpikeError } from "../error/error.ts";
import { compareBytewise } from "./order.ts";
import type {
  AuditLogRow,
  HeadRow,
  InitialMeta,
  KekRow,
  KeyHeadRow,
  KeyRow,
  MetaChange,
  OutboxRow,
  PolicyRow,
  PolicyRows,
  SealedPlace,
  SealKind,
  SecretRows,
  StoreMeta,
  StoreTx,
  VersionRow,
  Wrapping,
} from "./port.ts";
import { copyHead, copyKek, copyMeta, copyVersion, requireMeta } from "./rows.ts";
import { repeatedVersion, unknownKek, unknownKey } from "./refusal.ts";

/** The layout whose rules these are; see the SQLite migrations. */
const FORMAT_VERSION = 7;

/** A set of changes over another one; the lowest layer is what is committed. Rows are copied in and out. */
export class Layer {
  readonly #below: Layer | undefined;
  /** Null hides a row of the layers below. */
  readonly #keks = new Map<number, KekRow | null>();
  /** By version and name. */
  readonly #keys = new Map<string, KeyRow>();
  readonly #keyHeads = new Map<string, KeyHeadRow>();
  readonly #heads = new Map<string, HeadRow>();
  /** By version and path; null hides a row of the layers below. */
  readonly #versions = new Map<string, VersionRow | null>();
  /** By name; null hides a row of the layers below. */
  readonly #policies = new Map<string, PolicyRow | null>();
  /** By name; null hides a mark of the layers below. */
  readonly #marks = new Map<string, Uint8Array | null>();
  /** By revision. */
  readonly #outbox = new Map<number, Uint8Array>();
  readonly #auditLogs = new Map<string, AuditLogRow>();
  /** What is in the outbox up to here was taken. */
  #takenRevision = 0;
  #policyRevision: number | undefined;
  #meta: StoreMeta | undefined;
  /** Those that are listed, by path; undefined when that has to be found out anew. */
  #listed: HeadRow[] | undefined;

  constructor(below: Layer | undefined) {
    this.#below = below;
  }

  meta(): StoreMeta | undefined {
    return this.#meta ? copyMeta(this.#meta) : this.#below?.meta();
  }

  setMeta(meta: StoreMeta): void {
    this.#meta = copyMeta(meta);
  }

  keks(): KekRow[] {
    const rows = new Map((this.#below?.keks() ?? []).map((row) => [row.generation, row]));
    for (const [generation, row] of this.#keks) {
      if (row === null) rows.delete(generation);
      else rows.set(generation, copyKek(row));
    }
    return [...rows.values()].sort((a, b) => a.generation - b.generation);
  }

  /** Null removes the generation. */
  setKek(generation: number, row: KekRow | null): void {
    if (row === null && this.#below === undefined) this.#keks.delete(generation);
    else this.#keks.set(generation, row && copyKek(row));
  }

  keys(name?: string): KeyRow[] {
    const rows = new Map(
      (this.#below?.keys() ?? []).map((row) => [keyOf(row.name, row.version), row]),
    );
    for (const [key, row] of this.#keys) rows.set(key, copyKek(row));
    return [...rows.values()]
      .filter((row) => name === undefined || row.name === name)
      .sort((a, b) => compareBytewise(a.name, b.name) || a.version - b.version);
  }

  key(name: string, version: number): KeyRow | undefined {
    const own = this.#keys.get(keyOf(name, version));
    return own ? copyKek(own) : this.#below?.key(name, version);
  }

  keyHeads(): KeyHeadRow[] {
    const rows = new Map((this.#below?.keyHeads() ?? []).map((row) => [row.name, row]));
    for (const [name, row] of this.#keyHeads) rows.set(name, copyHead(row));
    return [...rows.values()].sort((a, b) => compareBytewise(a.name, b.name));
  }

  keyHead(name: string): KeyHeadRow | undefined {
    const own = this.#keyHeads.get(name);
    return own ? copyHead(own) : this.#below?.keyHead(name);
  }

  setKeyHead(row: KeyHeadRow): void {
    this.#keyHeads.set(row.name, copyHead(row));
  }

  /** Everything of a kind that is sealed under some KEK, of this layer and those below, in a fixed order. */
  sealed(kind: SealKind): (Omit<SealedPlace, "at"> & { readonly kekGeneration: number })[] {
    const rows = new Map(
      (this.#below?.sealed(kind) ?? []).map((row) => [keyOf(row.path, row.version), row]),
    );
    if (kind === "head") {
      for (const { path, kekGeneration } of this.#heads.values()) {
        rows.set(keyOf(path, 0), { path, version: 0, kekGeneration });
      }
    } else {
      for (const [key, row] of this.#versions) {
        const path = key.slice(key.indexOf("/") + 1);
        if (row === null) rows.delete(key);
        else rows.set(key, { path, version: row.version, kekGeneration: row.kekGeneration });
      }
    }
    return [...rows.values()]
      .sort((a, b) => compareBytewise(a.path, b.path) || a.version - b.version);
  }

  isKekInUse(generation: number): boolean {
    const sealed = [
      ...this.sealed("head"),
      ...this.sealed("version"),
      ...this.policies().rows,
      ...this.keys(),
      ...this.keyHeads(),
    ];
    return sealed.some(({ kekGeneration }) => kekGeneration === generation);
  }

  setKey(row: KeyRow): void {
    this.#keys.set(keyOf(row.name, row.version), copyKek(row));
  }

  head(path: string): HeadRow | undefined {
    const own = this.#heads.get(path);
    return own ? copyHead(own) : this.#below?.head(path);
  }

  setHead(row: HeadRow): void {
    const before = this.#heads.get(row.path);
    const isListedAlike = before?.isPurged === row.isPurged && before.expiresMs === row.expiresMs;
    if (!isListedAlike) this.#listed = undefined;
    this.#heads.set(row.path, copyHead(row));
  }

  version(path: string, version: number): VersionRow | undefined {
    const own = this.#versions.get(keyOf(path, version));
    if (own === undefined) return this.#below?.version(path, version);
    return own === null ? undefined : copyVersion(own);
  }

  setVersion(path: string, row: VersionRow): void {
    this.#versions.set(keyOf(path, row.version), copyVersion(row));
  }

  removeVersion(path: string, version: number): void {
    this.#versions.set(keyOf(path, version), null);
  }

  /** Numbers of the versions of a path that this layer or one below knows of. */
  numbers(path: string): Set<number> {
    const numbers = this.#below?.numbers(path) ?? new Set<number>();
    for (const key of this.#versions.keys()) {
      const at = key.indexOf("/");
      if (key.slice(at + 1) === path) numbers.add(Number(key.slice(0, at)));
    }
    return numbers;
  }

  secret(path: string, version: number): SecretRows | undefined {
    const head = this.head(path);
    return head && { head, version: this.version(path, version === 0 ? head.current : version) };
  }

  policies(): PolicyRows {
    const below = this.#below?.policies();
    const rows = new Map((below?.rows ?? []).map((row) => [row.name, row]));
    for (const [name, row] of this.#policies) {
      if (row === null) rows.delete(name);
      else rows.set(name, copyHead(row));
    }
    return {
      revision: this.#policyRevision ?? below?.revision ?? 0,
      rows: [...rows.values()].sort((a, b) => compareBytewise(a.name, b.name)),
    };
  }

  policy(name: string): PolicyRow | undefined {
    const own = this.#policies.get(name);
    if (own === undefined) return this.#below?.policy(name);
    return own === null ? undefined : copyHead(own);
  }

  /** Null removes the policy. */
  setPolicy(name: string, row: PolicyRow | null, revision: number): void {
    this.#policyRevision = revision;
    if (row === null && this.#below === undefined) this.#policies.delete(name);
    else this.#policies.set(name, row && copyHead(row));
  }

  mark(name: string): Uint8Array | undefined {
    const own = this.#marks.get(name);
    if (own === undefined) return this.#below?.mark(name);
    return own === null ? undefined : own.slice();
  }

  /** Null removes the mark. */
  setMark(name: string, value: Uint8Array | null): void {
    if (value === null && this.#below === undefined) this.#marks.delete(name);
    else this.#marks.set(name, value && value.slice());
  }

  outbox(): OutboxRow[] {
    const rows = new Map((this.#below?.outbox() ?? []).map((row) => [row.revision, row.record]));
    for (const [revision, record] of this.#outbox) rows.set(revision, record.slice());
    return [...rows].filter(([revision]) => revision > this.#takenRevision)
      .map(([revision, record]) => ({ revision, record }))
      .sort((a, b) => a.revision - b.revision);
  }

  setOutbox(revision: number, record: Uint8Array): void {
    this.#outbox.set(revision, record.slice());
  }

  clearOutbox(revision: number): void {
    this.#takenRevision = Math.max(this.#takenRevision, revision);
    for (const key of this.#outbox.keys()) {
      if (key <= revision) this.#outbox.delete(key);
    }
  }

  auditLogs(): AuditLogRow[] {
    const rows = new Map((this.#below?.auditLogs() ?? []).map((row) => [row.log, row]));
    for (const row of this.#auditLogs.values()) rows.set(row.log, row);
    return [...rows.values()].sort((a, b) => compareBytewise(a.log, b.log));
  }

  setAuditLog(row: AuditLogRow): void {
    this.#auditLogs.set(row.log, { ...row });
  }

  /** Heads of this layer alone that were not purged, by path. Not copies. */
  listed(): readonly HeadRow[] {
    return this.#listed ??= [...this.#heads.values()]
      .filter(({ isPurged }) => !isPurged)
      .sort((a, b) => compareBytewise(a.path, b.path));
  }

  /** Moves the changes into the layer below. */
  merge(): void {
    const below = this.#below;
    if (below === undefined) throw new Error("The lowest layer has nothing below it");
    if (this.#meta) below.setMeta(this.#meta);
    for (const [generation, row] of this.#keks) below.setKek(generation, row);
    for (const row of this.#keys.values()) below.setKey(row);
    for (const row of this.#keyHeads.values()) below.setKeyHead(row);
    for (const row of this.#heads.values()) below.setHead(row);
    for (const [key, row] of this.#versions) below.#place(key, row);
    for (const [name, value] of this.#marks) below.setMark(name, value);
    below.clearOutbox(this.#takenRevision);
    for (const [revision, record] of this.#outbox) below.setOutbox(revision, record);
    for (const row of this.#auditLogs.values()) below.setAuditLog(row);
    const revision = this.#policyRevision;
    if (revision === undefined) return;
    for (const [name, row] of this.#policies) below.setPolicy(name, row, revision);
  }

  /** What is committed is the only copy: it is wiped when it goes. */
  #place(key: string, row: VersionRow | null): void {
    if (this.#below === undefined) {
      const before = this.#versions.get(key);
      before?.wrappedKey.fill(0);
      before?.sealed.fill(0);
    }
    if (row === null && this.#below === undefined) this.#versions.delete(key);
    else this.#versions.set(key, row);
  }
}

/** The version first, so that no path (or name) can look like another key. */
function keyOf(path: string, version: number): string {
  return `${version}/${path}`;
}

/** A transaction over a layer. */
export class MemoryTx implements StoreTx {
  readonly #layer: Layer;
  #hasEnded = false;

  constructor(layer: Layer, readonly revision: number) {
    this.#layer = layer;
  }

  /** Makes every later use throw. */
  end(): void {
    this.#hasEnded = true;
  }

  meta(): Promise<StoreMeta | undefined> {
    return this.#do((layer) => layer.meta());
  }

  keks(): Promise<readonly KekRow[]> {
    return this.#do((layer) => layer.keks());
  }

  keys(name?: string): Promise<readonly KeyRow[]> {
    return this.#do((layer) => layer.keys(name));
  }

  key(name: string, version: number): Promise<KeyRow | undefined> {
    return this.#do((layer) => layer.key(name, version));
  }

  keyHead(name: string): Promise<KeyHeadRow | undefined> {
    return this.#do((layer) => layer.keyHead(name));
  }

  keyHeads(): Promise<readonly KeyHeadRow[]> {
    return this.#do((layer) => layer.keyHeads());
  }

  head(path: string): Promise<HeadRow | undefined> {
    return this.#do((layer) => layer.head(path));
  }

  secret(path: string, version: number): Promise<SecretRows | undefined> {
    return this.#do((layer) => layer.secret(path, version));
  }

  policy(name: string): Promise<PolicyRow | undefined> {
    return this.#do((layer) => layer.policy(name));
  }

  mark(name: string): Promise<Uint8Array | undefined> {
    return this.#do((layer) => layer.mark(name));
  }

  initialise(meta: InitialMeta, kek: KekRow): Promise<void> {
    return this.#do((layer) => {
      requireMeta(meta);
      if (layer.meta()) {
        throw new SpikeError("state_already_initialized", "Store is already initialised");
      }
      layer.setMeta({ ...meta, formatVersion: FORMAT_VERSION });
      layer.setKek(kek.generation, kek);
    });
  }

  changeMeta(change: MetaChange): Promise<void> {
    return this.#do((layer) => {
      const before = layer.meta();
      if (before === undefined) throw new SpikeError("state_not_ready", "Store is not initialised");
      const meta = { ...before, ...change };
      requireMeta(meta);
      layer.setMeta(meta);
    });
  }

  putKek(kek: KekRow): Promise<void> {
    return this.#do((layer) => {
      const before = layer.keks().find((row) => row.generation === kek.generation);
      const reservedSeals = Math.max(kek.reservedSeals, before?.reservedSeals ?? 0);
      const createdAtMs = before?.createdAtMs ?? kek.createdAtMs;
      layer.setKek(kek.generation, { ...kek, createdAtMs, reservedSeals });
    });
  }

  removeKek(generation: number): Promise<boolean> {
    return this.#do((layer) => {
      const generations = layer.keks().map((row) => row.generation);
      if (!generations.includes(generation) || generation === Math.max(...generations)) {
        return false;
      }
      if (layer.isKekInUse(generation)) return false;
      layer.setKek(generation, null);
      return true;
    });
  }

  reserveSeals(generation: number, count: number): Promise<number> {
    return this.#do((layer) => {
      const row = layer.keks().find((row) => row.generation === generation);
      if (row === undefined) throw unknownKek(generation);
      const reservedSeals = row.reservedSeals + count;
      layer.setKek(generation, { ...row, reservedSeals });
      return reservedSeals;
    });
  }

  putKey(key: KeyRow): Promise<void> {
    return this.#do((layer) => {
      const before = layer.keys(key.name).find(({ version }) => version === key.version);
      const reservedSeals = Math.max(key.reservedSeals, before?.reservedSeals ?? 0);
      const createdAtMs = before?.createdAtMs ?? key.createdAtMs;
      layer.setKey({ ...key, createdAtMs, reservedSeals });
    });
  }

  reserveKeySeals(name: string, version: number, count: number): Promise<number> {
    return this.#do((layer) => {
      const row = layer.keys(name).find((row) => row.version === version);
      if (row === undefined) throw unknownKey(name, version);
      const reservedSeals = row.reservedSeals + count;
      layer.setKey({ ...row, reservedSeals });
      return reservedSeals;
    });
  }

  putKeyHead(row: KeyHeadRow): Promise<void> {
    return this.#do((layer) => layer.setKeyHead(row));
  }

  putHead(row: HeadRow): Promise<void> {
    return this.#do((layer) => layer.setHead(row));
  }

  insertVersion(path: string, row: VersionRow): Promise<void> {
    return this.#do((layer) => {
      if (layer.head(path) === undefined) throw new Error(`Path ${path} has no head`);
      if (layer.version(path, row.version)) throw repeatedVersion(path, row.version);
      layer.setVersion(path, row);
    });
  }

  wrapping(path: string, version: number): Promise<Wrapping | undefined> {
    return this.#do((layer) => {
      const row = layer.version(path, version);
      return row && { kekGeneration: row.kekGeneration, wrappedKey: row.wrappedKey };
    });
  }

  rewrapVersion(path: string, version: number, wrapping: Wrapping): Promise<boolean> {
    return this.#do((layer) => {
      const row = layer.version(path, version);
      if (row) layer.setVersion(path, { ...row, ...wrapping });
      return row !== undefined;
    });
  }

  deleteVersions(path: string, versions: readonly number[]): Promise<void> {
    return this.#do((layer) => {
      for (const version of versions) layer.removeVersion(path, version);
    });
  }

  destroyVersions(path: string, versions: readonly number[] | "all"): Promise<void> {
    return this.#do((layer) => {
      const numbers = versions === "all" ? layer.numbers(path) : versions;
      for (const version of numbers) layer.removeVersion(path, version);
    });
  }

  putPolicy(row: PolicyRow): Promise<void> {
    return this.#do((layer) => layer.setPolicy(row.name, row, this.revision));
  }

  deletePolicy(name: string): Promise<boolean> {
    return this.#do((layer) => {
      const isThere = layer.policy(name) !== undefined;
      if (isThere) layer.setPolicy(name, null, this.revision);
      return isThere;
    });
  }

  putMark(name: string, value: Uint8Array | undefined): Promise<void> {
    return this.#do((layer) => layer.setMark(name, value ?? null));
  }

  putOutbox(record: Uint8Array): Promise<void> {
    return this.#do((layer) => layer.setOutbox(this.revision, record));
  }

  clearOutbox(revision: number): Promise<void> {
    return this.#do((layer) => layer.clearOutbox(revision));
  }

  putAuditLog(row: AuditLogRow): Promise<void> {
    return this.#do((layer) => {
      const before = layer.auditLogs().find(({ log }) => log === row.log);
      layer.setAuditLog({ ...row, createdAtMs: before?.createdAtMs ?? row.createdAtMs });
    });
  }

  #do<T>(work: (layer: Layer) => T): Promise<T> {
    return new Promise((resolve) => {
      if (this.#hasEnded) throw new Error("Transaction is over");
      resolve(work(this.#layer));
    });
  }
}
