import { SpikeError } from "../error/error.ts";
import { type Keyring, newKey, osRandom, type RandomSource, wrapKek } from "../seal/mod.ts";
import { openMemory } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { openSqlite } from "../store/sqlite.ts";
import { createSecretReader, type SecretReader } from "./reader.ts";
import type { SecretWriter } from "./mutation.ts";
import { createSecretWriter, type SecretWriterOptions } from "./writer.ts";

/** Instant that test clocks start from: 2026-01-02T03:04:05.123Z. */
export const START_MS = 1_767_323_045_123;
/** Caller of test mutations. */
export const AUTHOR = "spiffe://example.org/workload/web";

/** A keyring for tests, with one key in ordinary memory unless more are put. */
export function testKeyring(storeId: Uint8Array, keks: Map<number, Uint8Array>): Keyring {
  return {
    storeId,
    get currentKek() {
      return Math.max(...keks.keys());
    },
    kek(generation) {
      const kek = keks.get(generation);
      if (kek === undefined) {
        throw new SpikeError("state_integrity_check", `No generation ${generation}`);
      }
      return kek;
    },
    generations: () => [...keks.keys()],
  };
}

/** A store ready for secrets. */
export interface World {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly reader: SecretReader;
  readonly writer: SecretWriter;
  /** Of the SQLite file; empty for memory. */
  readonly path: string;
  /** Grows by one second with each look at it. */
  readonly clock: () => number;
  /** The time that readers see. */
  readonly now: () => number;
}

/** Where a world is kept. */
export type Kind = "memory" | "sqlite";

/** All kinds, to run a test on each. */
export const KINDS: readonly Kind[] = ["memory", "sqlite"];

/** What differs from one world to the next. */
export type WorldOptions =
  & Partial<Pick<SecretWriterOptions, "maxVersions">>
  & { readonly random?: RandomSource; readonly cacheLimit?: number };

/** Initialises `store` and puts a reader and a writer above it. */
export async function worldOver(
  store: Store,
  path: string,
  options: WorldOptions = {},
): Promise<World> {
  const { maxVersions = 10, random = osRandom, ...rest } = options;
  const storeId = random(16);
  const kek = newKey(random);
  const keyring = testKeyring(storeId, new Map([[1, kek]]));
  const wrapped = wrapKek(new Uint8Array(32).fill(0x5a), storeId, 1, kek, random);
  await store.write((tx) =>
    tx.initialise({
      storeId,
      keyCheck: new Uint8Array(32).fill(0xc4),
      scheme: "gf256",
      shardSet: {
        setId: new Uint8Array(16).fill(0x5e),
        generation: 1,
        threshold: 2,
        shares: 3,
        commitments: [],
      },
      createdAtMs: START_MS,
    }, { generation: 1, wrapped, createdAtMs: START_MS, reservedSeals: 0, state: "active" })
  );
  let nowMs = START_MS;
  const clock = () => nowMs += 1000;
  const now = () => nowMs;
  const writer = createSecretWriter({ store, keyring, clock, random, maxVersions, ...rest });
  const reader = createSecretReader({ store, keyring, clock: now, ...rest });
  return { store, keyring, reader, writer, path, clock, now };
}

/** Runs `body` in a new world of the kind, and removes it. */
export async function inWorld(
  kind: Kind,
  body: (world: World) => Promise<void>,
  options: WorldOptions = {},
): Promise<void> {
  const dir = kind === "memory" ? "" : await Deno.makeTempDir();
  const path = kind === "memory" ? "" : `${dir}/spike.db`;
  const store = kind === "memory" ? openMemory() : openSqlite({ path, mode: "write" });
  try {
    await body(await worldOver(store, path, options));
  } finally {
    await store.close();
    if (dir !== "") await Deno.remove(dir, { recursive: true });
  }
}
