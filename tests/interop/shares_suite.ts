/** The scheme p256 against cloudflare/circl itself, as SPIKE's Go SDK uses it: byte for byte, both ways. */
import assert from "node:assert/strict";
import { combine, isShare, type Shard, splitP256 } from "../../lib/shamir/mod.ts";
import { settle } from "./findings.ts";
import { buildPeer } from "./peer.ts";

const CASES = 400;

interface Splitting {
  readonly root?: string;
  readonly threshold: number;
  readonly shares: number;
  readonly made?: { readonly index: number; readonly bytes: string }[];
}

/** Random keys, quorums from 1 of 1 to 8 of 12. */
function* draws(): Generator<{ root: Uint8Array; threshold: number; shares: number }> {
  for (let i = 0; i < CASES; i++) {
    const root = crypto.getRandomValues(new Uint8Array(32));
    // A key just below the order, or a small one, now and then.
    if (i % 10 === 0) root.fill(0, 0, 31);
    if (i % 10 === 5) root.fill(0xff, 0, 4).fill(0, 4, 8);
    if (!isShare("p256", root) || root.every((byte) => byte === 0)) continue;
    const threshold = 1 + i % 8;
    yield { root, threshold, shares: threshold + i % 5 };
  }
}

async function ask(peer: string, splittings: readonly Splitting[]): Promise<Splitting[]> {
  const child = new Deno.Command(peer, {
    args: ["shares"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const [output] = await Promise.all([
    child.output(),
    new Response(JSON.stringify(splittings)).body?.pipeTo(child.stdin),
  ]);
  assert.equal(output.code, 0);
  return JSON.parse(new TextDecoder().decode(output.stdout));
}

function oursOf(root: Uint8Array, threshold: number, shares: number): Shard[] {
  return splitP256({ secret: root, threshold, shares, allowThresholdOne: true });
}

Deno.test("p256: shares and rebuilt keys are those of circl", async () => {
  const peer = await buildPeer();
  const cases = [...draws()];
  assert.ok(cases.length > CASES * 0.9, `${cases.length} cases`);
  const circl = await ask(
    peer,
    cases.map(({ root, ...quorum }) => ({ root: root.toBase64(), ...quorum })),
  );
  for (const [i, { root, threshold, shares }] of cases.entries()) {
    const theirs = (circl[i]?.made ?? []).map(({ index, bytes }) => ({
      index,
      bytes: Uint8Array.fromBase64(bytes),
    }));
    assert.deepEqual(
      theirs,
      oursOf(root, threshold, shares),
      `${root.toHex()} ${threshold}/${shares}`,
    );
    const some = theirs.toSorted(() => Math.random() - 0.5).slice(0, threshold);
    assert.deepEqual(combine(some, threshold, "p256"), root);
  }
  // The other way: circl combines the last t of our shares.
  const given = cases.map(({ root, threshold, shares }) => ({
    threshold,
    shares,
    made: oursOf(root, threshold, shares).slice(-threshold).toReversed().map((
      { index, bytes },
    ) => ({
      index,
      bytes: bytes.toBase64(),
    })),
  }));
  const rebuilt = await ask(peer, given);
  assert.deepEqual(
    rebuilt.map(({ root }) => Uint8Array.fromBase64(root ?? "").toHex()),
    cases.map(({ root }) => root.toHex()),
  );
  const call = "scheme p256 against circl";
  settle("shares", [
    { area: "shares", call, check: "the same shares of random keys, bytes for bytes", ok: true },
    { area: "shares", call, check: "each combines any t shares of the other", ok: true },
  ]);
});
