/**
 * Disks that fail while a Nexus runs: full, read-only, or unable to make anything durable. No write succeeds that
 * is not on the disk, reads go on, and afterwards everything that was acknowledged is there, and recorded.
 */
import assert from "node:assert/strict";
import { routeUrl } from "../../lib/api/mod.ts";
import type { MtlsClient } from "../../lib/mtls/mod.ts";
import { ERRNO } from "./disk_shim.ts";
import { recordRun } from "./result.ts";
import { Rig } from "./rig.ts";

const PATH = "fault/a";
/** Writes while the disk fails. */
const REFUSED = 3;

/** One secret on a running Nexus. */
class Hand {
  readonly #rig: Rig;
  readonly #client: MtlsClient;

  constructor(rig: Rig, client: MtlsClient) {
    this.#rig = rig;
    this.#client = client;
  }

  async put(v: string): Promise<{ status: number; err?: string; version?: number }> {
    return await this.#post("secret.put", { path: PATH, values: { v } });
  }

  async get(version = 0): Promise<string | undefined> {
    return (await this.#post("secret.get", { path: PATH, version })).data?.v;
  }

  async #post(operation: "secret.put" | "secret.get", request: unknown) {
    const url = routeUrl(this.#rig.url, operation);
    const { status, body } = await this.#client.post(url, JSON.stringify(request));
    return { ...JSON.parse(new TextDecoder().decode(body)), status };
  }
}

const FAULTS = [
  {
    name: "a full disk",
    fail: (rig: Rig, on: boolean) => rig.control.failWrites(on ? ERRNO.ENOSPC : 0),
    heals: true,
  },
  {
    name: "a disk that cannot be written",
    fail: (rig: Rig, on: boolean) => rig.control.failWrites(on ? ERRNO.EIO : 0),
    heals: true,
  },
  {
    name: "a disk that is read-only",
    fail: (rig: Rig, on: boolean) => rig.control.failWrites(on ? ERRNO.EROFS : 0),
    heals: true,
  },
  {
    name: "a disk that makes nothing durable",
    fail: (rig: Rig, on: boolean) => rig.control.failSyncs(on ? ERRNO.EIO : 0),
    heals: false,
  },
] as const;

for (const { name, fail, heals } of FAULTS) {
  Deno.test(`${name} takes nothing that was acknowledged`, async () => {
    await using rig = await Rig.start();
    if (!rig) return console.log("SKIPPED: there is no C compiler for the shim");
    const client = await rig.client("superuser");
    const hand = new Hand(rig, client);
    let nexus = rig.nexus();
    try {
      assert.ok(await nexus.becameReady(), nexus.log);
      assert.deepEqual(await hand.put("before"), { status: 200, version: 1 });
      fail(rig, true);
      for (let i = 0; i < REFUSED; i++) {
        assert.deepEqual(await hand.put("never"), { status: 500, err: "store_failure" });
      }
      assert.equal(await hand.get(), "before", "Reads go on");
      fail(rig, false);
      const after = await hand.put("after");
      assert.equal(after.status, heals ? 200 : 500, nexus.log);
      await nexus.end();
      assert.match(nexus.log, /"code":"store_failure"/);
      nexus = rig.nexus();
      assert.ok(await nexus.becameReady(), nexus.log);
      const found = await hand.get();
      // What became of a write that was refused while nothing could be made durable is not known; that it was
      // refused is all that its caller was told.
      assert.ok(heals ? found === "after" : ["before", "never"].includes(found ?? ""), found);
      const next = found === "before" ? 2 : 3;
      assert.deepEqual(await hand.put("again"), { status: 200, version: next });
      assert.deepEqual(await rig.auditOf(client, nexus), []);
      recordRun(name, { "writes refused": REFUSED, losses: 0 });
    } finally {
      await nexus.end("SIGTERM");
      await client.close();
    }
  });
}
