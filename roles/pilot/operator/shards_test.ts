import assert from "node:assert/strict";
import { SpikeError } from "../../../lib/error/error.ts";
import { type Message, spike } from "../fake_nexus.ts";

const CHANGED = { generation: 2, threshold: 2, shares: 3, promoted: [1, 2, 3], keks: 0 };
const STATUS = { state: "ready", generation: 1, threshold: 2, shares: 3, keepers: [] };

function nexus(changed: unknown = CHANGED, status: unknown = STATUS) {
  return (path: string) => {
    if (path === "/v1/status") return status;
    if (changed instanceof Error) throw changed;
    return changed;
  };
}

Deno.test("a change names the generation in force, and says what it does not give", async () => {
  const cases: readonly [string[], string, Message, RegExp][] = [
    [["refresh"], "refresh", {}, /still give this root key: only `spike operator rotate-root`/],
    [
      ["reshare", "-t", "3", "--shares", "5"],
      "reshare",
      { threshold: 3, shares: 5 },
      /still give\nthis root key/,
    ],
    [["rotate-root"], "rotate-root", {}, /They still open backups made before/],
  ];
  for (const [args, action, more, told] of cases) {
    const { code, out, err, calls } = await spike(["operator", ...args], { nexus: nexus() });
    assert.equal(code, 0, err);
    assert.equal(out, "Generation 2 is in force: 2 of 3 shards\n");
    assert.match(err, told);
    assert.match(err, /Export the new shards now: spike operator recover\n$/);
    assert.deepEqual(calls[1], {
      to: `/v1/operator/shards?${action}`,
      request: { generation: 1, ...more, acceptsSingleSlot: false, allowsThresholdOne: false },
    });
    const { out: help } = await spike(["operator", args[0] ?? "", "--help"]);
    assert.match(help.replace(/\s+/g, " "), /still (give|open)/, "help says it, too");
  }
});

Deno.test("flags that make a change dangerous are passed on", async () => {
  const args = ["operator", "reshare", "-t", "1", "--allow-threshold-one", "--accept-single-slot"];
  const { calls } = await spike(args, { nexus: nexus() });
  assert.deepEqual(calls[1]?.request, {
    generation: 1,
    threshold: 1,
    acceptsSingleSlot: true,
    allowsThresholdOne: true,
  });
});

Deno.test("keepers that were not reached, and keys that were wrapped anew, are told", async () => {
  const changed = { ...CHANGED, promoted: [2], keks: 4 };
  const { out } = await spike(["operator", "rotate-root"], { nexus: nexus(changed) });
  assert.equal(
    out,
    "Generation 2 is in force: 2 of 3 shards\nThe root key is new; 4 keys were wrapped anew\n" +
      "Keeper 1, 3 gets its shard as soon as it is reachable\n",
  );
  const json = await spike(["operator", "rotate-root", "-f", "json"], { nexus: nexus(changed) });
  assert.deepEqual(JSON.parse(json.out), changed);
});

Deno.test("a refusal for the sake of keepers names them, and what to do", async () => {
  const keepers = [
    { index: 1, url: "https://k1", state: "ok" },
    { index: 2, url: "https://k2", state: "unreachable", detail: "ECONNREFUSED" },
  ];
  const refused = new SpikeError("keeper_not_placed", "refused");
  const { code, err } = await spike(["operator", "refresh"], {
    nexus: nexus(refused, { ...STATUS, keepers }),
  });
  assert.equal(code, 6);
  assert.match(
    err,
    /nothing was changed: keeper 2: ECONNREFUSED\nHint: Start all keepers, then retry/,
  );
  const refusals = [
    ["keeper_single_slot", /--accept-single-slot/],
    ["recovery_not_exported", /Run `spike operator recover` first/],
    ["keepers_too_few", /^Error: 4 shards need as many keepers, and Nexus lists 0\nHint: .*PEERS/],
    ["shard_scheme_fixed", /p256/],
  ] as const;
  for (const [refusal, hint] of refusals) {
    const ran = await spike(["operator", "reshare", "-n", "4"], {
      nexus: nexus(new SpikeError(refusal, "refused")),
    });
    assert.equal(ran.code, 2);
    assert.match(ran.err, hint);
  }
});

Deno.test("without a key there is nothing to change, and numbers have to be numbers", async () => {
  const waiting = { state: "waiting", keepers: [] };
  const { code, err } = await spike(["operator", "refresh"], { nexus: nexus({}, waiting) });
  assert.equal(code, 6);
  assert.match(err, /^Error: Nexus is waiting, its shards cannot be changed/);
  for (const number of ["0", "two", "-1", "1000"]) {
    const ran = await spike(["operator", "reshare", "--threshold", number]);
    assert.equal(ran.code, 1, number);
    assert.match(ran.err, /expected a number from 1 to 255/i);
  }
});

Deno.test("numbers that no sharing has are told with those that hold, and nothing is sent", async () => {
  const table: [string[], RegExp][] = [
    [
      [],
      /^Error: Neither --threshold nor --shares is given\nHint: It is 2 of 3 now; for example: /,
    ],
    [
      ["-t", "5", "-n", "3"],
      /^Error: Threshold is 5, more than the 3 shards .*\nHint: It is 2 of 3/,
    ],
    [["-t", "4"], /^Error: Threshold is 4, more than the 3 shards/],
    [["-n", "1"], /^Error: Threshold is 2, more than the 1 shards/],
    [["-t", "1"], /^Error: Threshold is 1: each keeper alone .*\nHint: .*--allow-threshold-one/],
  ];
  for (const [args, message] of table) {
    const { code, err, calls } = await spike(["operator", "reshare", ...args], { nexus: nexus() });
    assert.equal(code, 1);
    assert.match(err, message);
    assert.deepEqual(calls.map(({ to }) => to), ["/v1/status"]);
  }
});
