import assert from "node:assert/strict";
import { candidateBlocks, leaseAnyPorts, leaseSamePorts, portsFrom } from "./ports.ts";

/** Far from those that a running system takes. */
const OWN_FIRST = 20_000;

async function withLocks(work: (dir: string) => Promise<void> | void): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("blocks begin at the usual port, do not overlap and end before the ephemeral range", () => {
  const blocks = [...candidateBlocks(3)];
  assert.equal(blocks[0], 8553);
  assert.deepEqual(portsFrom(8553, 3), { nexus: 8553, keepers: [8554, 8555, 8556] });
  blocks.forEach((first, i) => assert.ok(i === 0 || first > (blocks[i - 1] ?? 0) + 3));
  assert.ok((blocks.at(-1) ?? 0) + 3 < 32_768);
});

Deno.test("two systems at once get different ports, and the same ones again after their end", async () => {
  await withLocks(async (dir) => {
    const one = leaseAnyPorts(3, dir);
    const other = leaseAnyPorts(3, dir);
    assert.notEqual(one.ports.nexus, other.ports.nexus);
    const { nexus } = one.ports;
    assert.equal(await leaseSamePorts(nexus, 3, dir, 0), undefined, "taken by the first");
    one[Symbol.dispose]();
    using again = await leaseSamePorts(nexus, 3, dir, 0);
    assert.deepEqual(again?.ports, portsFrom(nexus, 3));
    other[Symbol.dispose]();
  });
});

Deno.test("a port that a stranger listens on is not taken", async () => {
  await withLocks(async (dir) => {
    using stranger = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const first = stranger.addr.port - 2;
    assert.equal(await leaseSamePorts(first, 3, dir, 0), undefined);
    // Given back, although it could not be used.
    assert.equal(await leaseSamePorts(first, 3, dir, 0), undefined);
  });
});

Deno.test("the ports of a system that is about to end are waited for", async () => {
  await withLocks(async (dir) => {
    const former = Deno.listen({ hostname: "127.0.0.1", port: OWN_FIRST });
    const waiting = leaseSamePorts(OWN_FIRST, 3, dir, 10_000);
    former.close();
    using lease = await waiting;
    assert.equal(lease?.ports.nexus, OWN_FIRST);
  });
});
