/**
 * A store as it was left by a stopped system, earlier and foreign copies of it to attack it with, and the way a
 * Nexus starts on it. Built once; every attack gets a copy.
 */
import { candidatesOf, sampleKey, sampleSet, sampleShards } from "../../lib/recovery/_sample.ts";
import type { StampedShard } from "../../lib/recovery/mod.ts";
import { deriveVerifyKey, makeProbe, ordinarySlots, osRandom } from "../../lib/seal/mod.ts";
import {
  createSecretReader,
  createSecretWriter,
  type SecretReader,
  type SecretWriter,
} from "../../lib/secret/mod.ts";
import { openSqlite, type Store } from "../../lib/store/mod.ts";
import { keepLines, type Line } from "../../roles/nexus/_sink.ts";
import { KeyControl } from "../../roles/nexus/key_control.ts";
import { CIPHER_SLOTS, KEK_SLOTS, SharedPage } from "../../roles/nexus/page.ts";
import { AUTHOR, type Files, MAX_VERSIONS, type Path } from "./plan.ts";

/** A template of stores, in a directory of its own. */
export interface Scene {
  readonly dir: string;
  readonly template: Files;
  /** What the keepers of the store hold. */
  readonly shards: readonly StampedShard[];
  /** The default key of its cipher service. */
  readonly cipherKey: Uint8Array;
}

/** A Nexus without its network: the control, and, once it is ready, a reader and a writer. */
export interface Running {
  readonly store: Store;
  readonly control: KeyControl;
  readonly page: SharedPage;
  readonly cipherKey: Uint8Array;
  readonly lines: readonly Line[];
  readonly reader: SecretReader;
  readonly writer: SecretWriter;
  close(): Promise<void>;
}

/** Opens a store as Nexus does and gives it the shards of its keepers; closed by the caller. */
export async function start(path: string, shards: readonly StampedShard[]): Promise<Running> {
  const store = openSqlite({ path, mode: "write" });
  try {
    return await recover(store, shards);
  } catch (reason) {
    await store.close();
    throw reason;
  }
}

async function recover(store: Store, shards: readonly StampedShard[]): Promise<Running> {
  const page = new SharedPage();
  const cipherSlots = ordinarySlots(CIPHER_SLOTS);
  const { log, lines } = keepLines();
  const clock = () => 1_767_323_045_000;
  const control = new KeyControl({
    store,
    page,
    cipherSlots,
    rootSlots: ordinarySlots(1),
    kekSlots: ordinarySlots(KEK_SLOTS),
    threshold: 2,
    shares: 3,
    acceptEmptyStore: false,
    random: osRandom,
    clock,
    log,
  });
  await control.offer(candidatesOf(shards));
  control.roundOver();
  const made = <T>(make: () => T): () => T => {
    let it: T | undefined;
    return () => it ??= make();
  };
  const keyring = () => control.keyring;
  const reader = made(() => createSecretReader({ store, keyring: keyring() }));
  const writer = made(() =>
    createSecretWriter({
      store,
      keyring: keyring(),
      clock,
      random: osRandom,
      maxVersions: MAX_VERSIONS,
    })
  );
  return {
    store,
    control,
    page,
    lines,
    cipherKey: cipherSlots.slot(0),
    get reader() {
      return reader();
    },
    get writer() {
      return writer();
    },
    close: async () => {
      await store.close();
      control.wipe();
    },
  };
}

/** Makes the store of a root key at `path`, as a first start does, and answers the shards that were pushed. */
async function found(path: string, key: Uint8Array): Promise<StampedShard[]> {
  const system = await start(path, sampleShards({ key }));
  const probe = makeProbe(deriveVerifyKey(key, sampleSet().setId), osRandom);
  await system.control.prove(probe.nonce, probe.ciphertext);
  const shards = system.control.shards();
  await system.close();
  return shards;
}

async function change(
  path: string,
  shards: readonly StampedShard[],
  work: (put: (path: Path, value: string) => Promise<unknown>, system: Running) => Promise<unknown>,
): Promise<void> {
  const system = await start(path, shards);
  const put = (path: Path, v: string) => system.writer.put({ path, values: { v }, author: AUTHOR });
  await work(put, system);
  await system.close();
}

/** The value that version `version` of `path` has. */
export function valueOf(path: Path, version: number): string {
  return `${path}@${version}`;
}

/** Builds the template. */
export async function build(): Promise<Scene> {
  const dir = await Deno.makeTempDir({ prefix: "spike-tamper-" });
  const template = filesIn(dir);
  const shards = await found(template.store, sampleKey());
  await change(template.store, shards, async (put) => {
    for (const path of ["a", "b", "grown", "hidden", "pruned"] as const) {
      const versions = path === "grown" || path === "hidden" ? 2 : 3;
      for (let i = 1; i <= versions; i++) await put(path, valueOf(path, i));
    }
  });
  await Deno.copyFile(template.store, template.earlier);
  await Deno.copyFile(template.store, template.fork);
  await change(template.fork, shards, (put) => put("grown", "of the fork"));
  let cipherKey = new Uint8Array();
  await change(template.store, shards, async (put, { writer, cipherKey: key }) => {
    cipherKey = key.slice();
    await put("grown", valueOf("grown", 3));
    await put("pruned", valueOf("pruned", 4));
    await put("new", valueOf("new", 1));
    await writer.delete({ path: "hidden", versions: [2], author: AUTHOR });
  });
  const foreignShards = await found(template.foreign, sampleKey(7));
  await change(template.foreign, foreignShards, async (put) => {
    for (let i = 1; i <= 3; i++) await put("a", valueOf("a", i));
  });
  return { dir, template, shards, cipherKey };
}

/** Copies the template's store; the other files are only read. */
export async function copy(scene: Scene): Promise<Files & AsyncDisposable> {
  const dir = await Deno.makeTempDir({ dir: scene.dir });
  const store = `${dir}/spike.db`;
  await Deno.copyFile(scene.template.store, store);
  return {
    ...scene.template,
    store,
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

function filesIn(dir: string): Files {
  return {
    store: `${dir}/spike.db`,
    earlier: `${dir}/earlier.db`,
    fork: `${dir}/fork.db`,
    foreign: `${dir}/foreign.db`,
  };
}
