import { type CommitEngine, CommitQueue, type OpenTx } from "./commit_queue.ts";
import { isBefore } from "./order.ts";
import { Layer, MemoryTx } from "./memory_tx.ts";
import type { ListRequest, SealedPlace, SealedRequest, Store, StoreReader } from "./port.ts";
import { closed } from "./refusal.ts";
import { requireLimit } from "./rows.ts";

/**
 * A store that lives as long as the process: for tests, for development, and for a Nexus that is told to keep
 * nothing. Same rules as every other store, durability excepted.
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
    policies: () => read(() => root.policies()),
    policy: (name) => read(() => root.policy(name)),
    mark: (name) => read(() => root.mark(name)),
    close: () => Promise.resolve(),
  };
}

function page(root: Layer, request: ListRequest): readonly string[] {
  requireLimit(request);
  const { prefix = "", after } = request;
  return root.paths()
    .filter((path) => path.startsWith(prefix) && (after === undefined || isBefore(after, path)))
    .slice(0, request.limit);
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
