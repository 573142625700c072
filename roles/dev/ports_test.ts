import assert from "node:assert/strict";
import {
  candidateBlocks,
  leaseAnyPorts,
  leaseSamePorts,
  type PortRequest,
  portsFrom,
} from "./ports.ts";

/** Far from those that a running system takes. */
const OWN_FIRST = 20_000;

/** Runs with an empty directory of locks; `ask` makes the requests of directories that claim what they have. */
async function withLocks(
  work: (ask: (dir: string) => PortRequest, claims: Map<string, number>) => Promise<void> | void,
): Promise<void> {
  const lockDir = await Deno.makeTempDir();
  const claims = new Map<string, number>();
  const isClaimed = (dir: string, first: number) => claims.get(dir) === first;
  try {
    await work((dir) => ({ dir, lockDir, keepers: 3, isClaimed }), claims);
  } finally {
    await Deno.remove(lockDir, { recursive: true });
  }
}

Deno.test("blocks begin at the usual port, do not overlap and end before the ephemeral range", () => {
  const blocks = [...candidateBlocks(3)];
  assert.equal(blocks[0], 8553);
  assert.deepEqual(portsFrom(8553, 3), {
    nexus: 8553,
    keepers: [8554, 8555, 8556],
    health: { nexus: 8563, keepers: [8564, 8565, 8566] },
  });
  const lastOf = (first: number) => portsFrom(first, 3).health.keepers.at(-1) ?? 0;
  blocks.forEach((first, i) => assert.ok(i === 0 || first > lastOf(blocks[i - 1] ?? 0)));
  assert.ok(lastOf(blocks.at(-1) ?? 0) < 32_768);
});

Deno.test("two systems at once get different ports, and the same ones again after their end", async () => {
  await withLocks(async (ask) => {
    const one = leaseAnyPorts(ask("/one"));
    using other = leaseAnyPorts(ask("/other"));
    assert.notEqual(one.ports.nexus, other.ports.nexus);
    const { nexus } = one.ports;
    assert.equal(await leaseSamePorts(nexus, ask("/other"), 0), undefined, "it is locked");
    one[Symbol.dispose]();
    using again = await leaseSamePorts(nexus, ask("/one"), 0);
    assert.deepEqual(again?.ports, portsFrom(nexus, 3));
  });
});

Deno.test("the ports of a system that does not run stay its own until it gives them up", async () => {
  await withLocks((ask, claims) => {
    const one = leaseAnyPorts(ask("/one"));
    const { nexus } = one.ports;
    claims.set("/one", nexus);
    one[Symbol.dispose]();
    const other = leaseAnyPorts(ask("/other"));
    assert.notEqual(other.ports.nexus, nexus);
    other[Symbol.dispose]();
    claims.clear();
    using third = leaseAnyPorts(ask("/third"));
    assert.equal(third.ports.nexus, nexus);
  });
});

Deno.test("a port that a stranger listens on is not taken", async () => {
  await withLocks(async (ask) => {
    using stranger = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const first = stranger.addr.port - 2;
    assert.equal(await leaseSamePorts(first, ask("/one"), 0), undefined);
  });
});

Deno.test("the ports of a system that is about to end are waited for", async () => {
  await withLocks(async (ask) => {
    const former = Deno.listen({ hostname: "127.0.0.1", port: OWN_FIRST });
    const waiting = leaseSamePorts(OWN_FIRST, ask("/one"), 10_000);
    former.close();
    using lease = await waiting;
    assert.equal(lease?.ports.nexus, OWN_FIRST);
  });
});
