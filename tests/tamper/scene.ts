/**
 * A store as it was left by a stopped system, earlier and foreign copies of it to attack it with, and the way a
 * Nexus starts on it. Built once; every attack gets a copy.
 */
import {
  createKeyReader,
  createKeyWriter,
  type KeyReader,
  type KeyWriter,
} from "../../lib/cipher/mod.ts";
import { candidatesOf, sampleKey, sampleSet, sampleShards } from "../../lib/recovery/_sample.ts";
import type { StampedShard } from "../../lib/recovery/mod.ts";
import type { PermissionWord } from "../../lib/policy/mod.ts";
import {
  createPolicyReader,
  createPolicyWriter,
  type PolicyReader,
  type PolicyWriter,
} from "../../lib/policy_store/mod.ts";
import { deriveVerifyKey, makeProbe, ordinarySlots, osRandom } from "../../lib/seal/mod.ts";
import {
  createSealBudget,
  createSecretReader,
  createSecretWriter,
  type SecretReader,
  type SecretWriter,
} from "../../lib/secret/mod.ts";
import { openSqlite, type Store } from "../../lib/store/mod.ts";
import { keepLines, type Line } from "../../lib/telemetry/_sink.ts";
import { openAuditing } from "../../lib/audit_store/auditing.ts";
import { KeyControl } from "../../lib/root_key/key_control.ts";
import { CIPHER_SLOTS, KEK_SLOTS, SharedPage } from "../../lib/shared_page/page.ts";
import type { StoreVerified } from "../../lib/audit_store/store_verifier.ts";
import {
  AUTHOR,
  CIPHER_KEYS,
  type Files,
  MAX_VERSIONS,
  type Path,
  PLACES,
  type PolicyName,
} from "./plan.ts";

/** A template of stores, in a directory of its own. */
export interface Scene {
  readonly dir: string;
  readonly template: Files;
  /** What the keepers of the store hold. */
  readonly shards: readonly StampedShard[];
  /** The default key of its cipher service. */
  readonly cipherKey: Uint8Array;
}

/** What serves requests once there is a key. */
interface Services {
  readonly reader: SecretReader;
  readonly writer: SecretWriter;
  readonly policies: PolicyReader;
  readonly policyWriter: PolicyWriter;
  readonly cipherKeys: KeyReader;
  readonly cipherKeyWriter: KeyWriter;
}

/** A Nexus without its network. */
export interface Running {
  readonly control: KeyControl;
  readonly page: SharedPage;
  readonly cipherKey: Uint8Array;
  readonly lines: readonly Line[];
  /** Throws `root_key_missing` unless ready. */
  services(): Services;
  /** Compares the store with its audit log. */
  verify(): Promise<StoreVerified>;
  close(): Promise<void>;
}

/** Opens a store as Nexus does and gives it the shards of its keepers; closed by the caller. */
export async function start(path: string, shards: readonly StampedShard[]): Promise<Running> {
  const store = openSqlite({ path, mode: "write" });
  try {
    return await recover(store, shards, `${path}.audit`);
  } catch (reason) {
    await store.close();
    throw reason;
  }
}

async function recover(
  file: Store,
  shards: readonly StampedShard[],
  directory: string,
): Promise<Running> {
  const page = new SharedPage();
  const cipherSlots = ordinarySlots(CIPHER_SLOTS);
  const { log, lines } = keepLines();
  const clock = () => 1_767_323_045_000;
  const covered = new Set<never>();
  const auditing = await openAuditing({
    directory,
    syncMs: 1000,
    covered,
    store: file,
    log,
    clock,
  });
  const { store } = auditing;
  const control = new KeyControl({
    store,
    keyringOpened: (ring) => auditing.keyringOpened(ring),
    keyringDropped: () => auditing.keyringDropped(),
    page,
    cipherSlots,
    rootSlots: ordinarySlots(1),
    kekSlots: ordinarySlots(KEK_SLOTS),
    threshold: 2,
    shares: 3,
    scheme: "gf256",
    acceptEmptyStore: false,
    random: osRandom,
    clock,
    log,
  });
  await control.offer(candidatesOf(shards));
  control.roundOver();
  let services: Services | undefined;
  return {
    control,
    page,
    lines,
    cipherKey: cipherSlots.slot(0),
    services: () => services ??= serve(store, control, clock),
    verify: () => auditing.verify(() => Promise.resolve()),
    close: async () => {
      await auditing.close().catch(() => {});
      await store.close();
      control.wipe();
    },
  };
}

function serve(store: Store, { keyring }: KeyControl, clock: () => number): Services {
  const budget = createSealBudget({ store, keyring });
  const writing = { store, keyring, budget, clock, random: osRandom };
  return {
    reader: createSecretReader({ store, keyring }),
    writer: createSecretWriter({ ...writing, maxVersions: MAX_VERSIONS }),
    // No policy is changed but behind its back, or at the very end.
    policies: createPolicyReader({ store, keyring, revision: () => 0, onDamage: () => {} }),
    policyWriter: createPolicyWriter(writing),
    cipherKeys: createKeyReader({ store, keyring, revision: () => 0 }),
    cipherKeyWriter: createKeyWriter(writing),
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

/** Short for what fills a store. */
interface Hand {
  put(path: Path, value: string): Promise<unknown>;
  allow(name: PolicyName, permissions: readonly PermissionWord[]): Promise<unknown>;
  readonly system: Running;
}

async function change(
  path: string,
  shards: readonly StampedShard[],
  work: (hand: Hand) => Promise<unknown>,
): Promise<void> {
  const system = await start(path, shards);
  const { writer, policyWriter } = system.services();
  await work({
    system,
    put: (path, v) => writer.put({ path, values: { v }, author: AUTHOR }),
    allow: (name, permissions) => policyWriter.put(policyOf(name, permissions)),
  });
  await system.close();
}

/** Grants permissions to the one caller, at the policy's place. */
export function policyOf(name: PolicyName, permissions: readonly PermissionWord[]) {
  const pathPattern = `^${PLACES[name]}$`;
  return { name, spiffeidPattern: `^${AUTHOR}$`, pathPattern, permissions, author: AUTHOR };
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
  await change(template.store, shards, async ({ put, allow, system }) => {
    const { cipherKeyWriter } = system.services();
    for (const name of CIPHER_KEYS) await cipherKeyWriter.create({ name, author: AUTHOR });
    for (const path of ["a", "b", "grown", "hidden", "pruned"] as const) {
      const versions = path === "grown" || path === "hidden" ? 2 : 3;
      for (let i = 1; i <= versions; i++) await put(path, valueOf(path, i));
    }
    for (const name of ["apps", "teams", "dropped"] as const) await allow(name, ["read"]);
    await allow("narrowed", ["read", "write"]);
  });
  await Deno.copyFile(template.store, template.earlier);
  await Deno.copyFile(template.store, template.fork);
  await change(template.fork, shards, ({ put }) => put("grown", "of the fork"));
  let cipherKey = new Uint8Array();
  await change(template.store, shards, async ({ put, allow, system }) => {
    cipherKey = system.cipherKey.slice();
    await put("grown", valueOf("grown", 3));
    await put("pruned", valueOf("pruned", 4));
    await put("new", valueOf("new", 1));
    const { writer, policyWriter, cipherKeyWriter } = system.services();
    await cipherKeyWriter.rotate({ name: "pay", author: AUTHOR });
    await cipherKeyWriter.set({ name: "pay", minVersion: 2, author: AUTHOR });
    await cipherKeyWriter.set({ name: "old", isRetired: true, author: AUTHOR });
    await writer.delete({ path: "hidden", versions: [2], author: AUTHOR });
    await allow("narrowed", ["read"]);
    await policyWriter.delete("dropped");
  });
  const foreignShards = await found(template.foreign, sampleKey(7));
  await change(template.foreign, foreignShards, async ({ put, allow }) => {
    for (let i = 1; i <= 3; i++) await put("a", valueOf("a", i));
    await allow("apps", ["read"]);
  });
  return { dir, template, shards, cipherKey };
}

/** Copies the template's store; the other files are only read. */
export async function copy(scene: Scene): Promise<Files & AsyncDisposable> {
  const dir = await Deno.makeTempDir({ dir: scene.dir });
  const store = `${dir}/spike.db`;
  await Deno.copyFile(scene.template.store, store);
  await copyDirectory(`${scene.template.store}.audit`, `${store}.audit`);
  return {
    ...scene.template,
    store,
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

async function copyDirectory(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const copy = isDirectory ? copyDirectory : Deno.copyFile;
    await copy(`${from}/${name}`, `${to}/${name}`);
  }
}

function filesIn(dir: string): Files {
  return {
    store: `${dir}/spike.db`,
    earlier: `${dir}/earlier.db`,
    fork: `${dir}/fork.db`,
    foreign: `${dir}/foreign.db`,
  };
}
