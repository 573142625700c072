import { type CommitEngine, CommitQueue, type OpenTx } from "./commit_queue.ts";
import { isBefore } from "./order.ts";
import { Layer, MemoryTx } from "./memory_tx.ts";
import type {
  Expiring,
  ExpiringRequest,
  ListedPath,
  ListRequest,
  SealedPlace,
  SealedRequest,
  Store,
  StoreReader,
} from "./port.ts";
import { closed } from "./refusal.ts";
import { requireLimit } from "./rows.ts";

/**
 * A store that lives as long as the process: for tests, for development, and for a Nexus with backend
 * `memory`. Same rules as every other store, except durability.
 */
export function openMemory(): Store {
  const root = new Layer(undefined);
  const engine = new MemoryEngine(root);
  const queue = new CommitQueue(engine);
  return {
    ...memoryReader(root, engine),
    write: (work) => queue.add(work),
    forgetRemoved: () => queue.between(() => {}),
    close: () => {
      engine.isClosed = true;
      return queue.close();
    },
  };
}

function memoryReader(root: Layer, engine: MemoryEngine): StoreReader {
  const read = <T>(work: () => T): Promise<T> =>
    new Promise((resolve) => {
      if (engine.isClosed) throw closed();
      resolve(work());
    });
  return {
    meta: () => read(() => root.meta()),
    revision: () => read(() => engine.revision),
    keks: () => read(() => root.keks()),
    keys: (name) => read(() => root.keys(name)),
    key: (name, version) => read(() => root.key(name, version)),
    keyHeads: () => read(() => root.keyHeads()),
    keyHead: (name) => read(() => root.keyHead(name)),
    sealedUnder: (request) => read(() => sealedUnder(root, request)),
    head: (path) => read(() => root.head(path)),
    secret: (path, version) => read(() => root.secret(path, version)),
    listPaths: (request) => read(() => page(root, request)),
    expiring: (request) => read(() => expiring(root, request)),
    policies: () => read(() => root.policies()),
    policy: (name) => read(() => root.policy(name)),
    mark: (name) => read(() => root.mark(name)),
    outbox: (revision, limit) =>
      read(() => root.outbox().filter((row) => row.revision > revision).slice(0, limit)),
    damagedVersions: () => read(() => []),
    auditLogs: () => read(() => root.auditLogs()),
    close: () => Promise.resolve(),
  };
}

function page(root: Layer, request: ListRequest): ListedPath[] {
  requireLimit(request);
  const { prefix = "", after, limit } = request;
  const rows = root.listed();
  const isInside = after !== undefined && !isBefore(after, prefix);
  const first = isInside
    ? firstWhere(rows, ({ path }) => isBefore(after, path))
    : firstWhere(rows, ({ path }) => !isBefore(path, prefix));
  const page = rows.slice(first, first + limit);
  const end = page.findIndex(({ path }) => !path.startsWith(prefix));
  return (end < 0 ? page : page.slice(0, end)).map(({ path, expiresMs }) => ({ path, expiresMs }));
}

/** Position of the first row that passes `test`; all rows after it pass as well. */
function firstWhere<R>(rows: readonly R[], test: (row: R) => boolean): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row !== undefined && test(row)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function expiring(root: Layer, request: ExpiringRequest): Expiring {
  requireLimit(request);
  const paths = root.listed()
    .flatMap(({ path, expiresMs }) =>
      expiresMs !== null && expiresMs <= request.untilMs ? { path, expiresMs } : []
    )
    // Stable, and sorted by path already.
    .sort((a, b) => a.expiresMs - b.expiresMs);
  return { count: paths.length, paths: paths.slice(0, request.limit) };
}

function sealedUnder(root: Layer, request: SealedRequest): readonly SealedPlace[] {
  requireLimit(request);
  const { kind, generation, after, limit } = request;
  return root.sealed(kind)
    .map(({ kekGeneration, ...place }, i) => ({ ...place, at: i + 1, kekGeneration }))
    .filter((place) => place.at > after && place.kekGeneration === generation)
    .slice(0, limit)
    .map(({ path, version, at }) => ({ path, version, at }));
}

class MemoryEngine implements CommitEngine {
  revision = 0;
  isClosed = false;
  readonly #root: Layer;
  #group: Layer | undefined;

  constructor(root: Layer) {
    this.#root = root;
  }

  begin(): number {
    this.#group = new Layer(this.#root);
    return this.revision;
  }

  open(revision: number): OpenTx {
    const own = new Layer(this.#group);
    const tx = new MemoryTx(own, revision);
    return {
      tx,
      keep: () => {
        tx.end();
        own.merge();
      },
      undo: () => tx.end(),
    };
  }

  commit(revision: number): void {
    this.#group?.merge();
    this.#group = undefined;
    this.revision = revision;
  }

  rollback(): void {
    this.#group = undefined;
  }
}
