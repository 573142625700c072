/** A store, its keepers and a Nexus over both that can be killed and started again, without a network. */
import assert from "node:assert/strict";
import { FakeKeeper } from "../recovery/_fake_keeper.ts";
import { candidatesOf, sampleKey, sampleSet, sampleShards } from "../recovery/_sample.ts";
import type { Scheme } from "../recovery/mod.ts";
import { deriveVerifyKey, makeProbe, ordinarySlots, osRandom } from "../seal/mod.ts";
import { openMemory, type Store } from "../store/mod.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { KeeperSync } from "./keeper_sync.ts";
import { KeyControl } from "./key_control.ts";
import { CIPHER_SLOTS, KEK_SLOTS, ROOT_SLOTS, SharedPage } from "../shared_page/page.ts";
import { exportStatus } from "./recovery_port.ts";
import {
  type ChangeKind,
  type ChangeRequest,
  type ChangeStep,
  ShardChange,
} from "./shard_change.ts";
import { createSerial } from "../async/serial.ts";

/** One life of a Nexus. */
export type Life = ReturnType<typeof live>;

/** What is thrown at a step to end a life there. */
export class Killed extends Error {}

/** How a world begins. */
export interface WorldOptions {
  readonly threshold?: number;
  readonly shares?: number;
  /** Keepers that are listed; default: one for each share. */
  readonly listed?: number;
  /** Positions of keepers that do not support stamps. */
  readonly originals?: readonly number[];
  readonly scheme?: Scheme;
}

/** A store that belongs to `sampleKey()`, and keepers that hold its shards. */
export async function createWorld(options: WorldOptions = {}) {
  const { threshold = 2, shares = 3, listed = shares, originals = [], scheme = "gf256" } = options;
  const store = openMemory();
  const keepers = Array.from(
    { length: listed },
    (_, i) => new FakeKeeper(i + 1, originals.includes(i + 1)),
  );
  const set = sampleSet({ threshold, shares, scheme });
  const first = live(store, keepers, { threshold, shares, scheme });
  await first.control.offer(candidatesOf(sampleShards({ set })));
  const probe = makeProbe(deriveVerifyKey(sampleKey(), set.setId), osRandom);
  await first.control.prove(probe.nonce, probe.ciphertext);
  await first.push();
  const kek = first.control.keyring.kek(1).slice();
  first.control.wipe();
  return {
    store,
    keepers,
    kek,
    /** Starts a Nexus; `killedAt` ends a change at that step, `reached` is called at each. */
    start: (killedAt?: ChangeStep, reached?: LifeOptions["reached"]) =>
      live(store, keepers, { threshold, shares, scheme, killedAt, reached }),
  };
}

interface LifeOptions {
  readonly threshold: number;
  readonly shares: number;
  readonly scheme: Scheme;
  readonly killedAt?: ChangeStep | undefined;
  readonly reached?: ((step: ChangeStep, nexus: { control: KeyControl }) => void) | undefined;
}

function live(store: Store, keepers: readonly FakeKeeper[], options: LifeOptions) {
  const page = new SharedPage();
  const rootSlots = ordinarySlots(ROOT_SLOTS);
  const { log, lines, events } = keepLines();
  const control = createControl({ store, page, rootSlots, log }, options);
  const clients = keepers.map((keeper) => keeper.clientFor("nexus"));
  const sync = new KeeperSync({
    keepers: clients,
    log,
    clock: () => 0,
    shards: () => control.shards(),
    replaces: () => control.replaces,
    onNewerGeneration: (generation) => control.standBack(generation),
  });
  const steps: ChangeStep[] = [];
  const change = new ShardChange({
    keepers: clients,
    control,
    sync,
    inTurn: createSerial(),
    log,
    isExported: async () => (await exportStatus(store)).exported,
    patienceMs: { before: 2_000, after: 50 },
    reached: (step) => {
      steps.push(step);
      options.reached?.(step, { control });
      if (step === options.killedAt) throw new Killed(step);
    },
  });
  return { control, page, rootSlots, sync, lines, events, steps, ...acts(control, sync, change) };
}

function createControl(
  parts: Pick<ConstructorParameters<typeof KeyControl>[0], "store" | "page" | "rootSlots" | "log">,
  { threshold, shares, scheme }: LifeOptions,
): KeyControl {
  return new KeyControl({
    ...parts,
    kekSlots: ordinarySlots(KEK_SLOTS),
    cipherSlots: ordinarySlots(CIPHER_SLOTS),
    threshold,
    shares,
    scheme,
    acceptEmptyStore: false,
    random: osRandom,
    clock: () => 1_767_323_045_000,
  });
}

/** What a test makes a Nexus do. */
function acts(control: KeyControl, sync: KeeperSync, change: ShardChange) {
  return {
    /** Collects shards from the keepers; false when they do not suffice. */
    recover: () => sync.collect((candidates) => control.offer(candidates)),
    push: async () => {
      sync.push();
      await sync.settled();
    },
    /** One round of the watch over the keepers. */
    check: async () => {
      sync.check();
      await sync.settled();
    },
    run: (kind: ChangeKind, more: Partial<ChangeRequest> = {}) =>
      change.run({
        kind,
        generation: control.present.generation,
        acceptsSingleSlot: false,
        allowsThresholdOne: false,
        ...more,
      }),
    /** The process is gone, and its memory with it. */
    kill: () => {
      sync.stop();
      control.wipe();
    },
  };
}

/** Asserts that the store is open under its own KEK, and that every keeper holds only the shard in force. */
export async function assertHealthy(
  { control, check }: Life,
  world: { readonly keepers: readonly FakeKeeper[]; readonly kek: Uint8Array },
): Promise<void> {
  assert.deepEqual(control.keyring.kek(1), world.kek);
  await check();
  const shards = control.shards();
  for (const { stamp, bytes } of shards) {
    const { holding, isOriginal } = world.keepers[stamp.index - 1] ?? assert.fail();
    assert.deepEqual(holding.current?.bytes, bytes, `keeper ${stamp.index}`);
    assert.equal(holding.pending, undefined, `keeper ${stamp.index}`);
    if (!isOriginal) assert.equal(holding.current?.stamp?.generation, stamp.generation);
  }
}
