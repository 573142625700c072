import assert from "node:assert/strict";
import { decodeAnswer } from "./request.ts";
import { encodeShards } from "./response.ts";

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

Deno.test("recovery shards travel by decimal index and come back", () => {
  const shards = [
    { index: 1, bytes: new Uint8Array(32).fill(7) },
    { index: 12, bytes: new Uint8Array(32).fill(9) },
  ];
  const wire = { shards: encodeShards(shards) };
  assert.deepEqual(Object.keys(wire.shards), ["1", "12"]);
  assert.deepEqual(wire.shards["1"], Array(32).fill(7));
  assert.deepEqual(decodeAnswer("operator.recover", encode(wire)).shards, shards);
  assert.throws(() => decodeAnswer("operator.recover", encode({ shards: { "0": [1] } })));
});

Deno.test("a metadata answer is read with its versions by number", () => {
  const wire = {
    versions: {
      "2": { createdTime: "2026-01-03T00:00:01Z", version: 2, deletedTime: null },
      "10": {
        createdTime: "2026-01-03T00:00:02Z",
        version: 10,
        deletedTime: "2026-01-04T00:00:00Z",
      },
    },
    metadata: {
      currentVersion: 2,
      oldestVersion: 2,
      createdTime: "c",
      updatedTime: "u",
      maxVersions: 10,
    },
  };
  const answer = decodeAnswer("secret.metadata", encode(wire));
  assert.deepEqual([...answer.versions.keys()], [2, 10]);
  assert.equal(answer.versions.get(10)?.deletedTime, "2026-01-04T00:00:00Z");
  assert.equal(answer.metadata?.maxVersions, 10);
});

Deno.test("an answer's error is read whatever its case", () => {
  assert.equal(decodeAnswer("secret.put", encode({ Err: "x" })).err, "x");
});

Deno.test("a status answer is read, a state that is not known is refused", () => {
  const wire = {
    version: "0.1.0",
    state: "provisional",
    backend: "sqlite",
    storeId: "00ff",
    initialized: true,
    keepers: [{ index: 1, url: "https://k1", state: "ok", lastSeen: "2026-01-01T00:00:00Z" }],
    threshold: 2,
    shares: 3,
    generation: 1,
    since: "2026-01-01T00:00:00Z",
  };
  const { err, ...status } = decodeAnswer("status", encode(wire));
  assert.deepEqual(status, wire);
  assert.equal(err, "");
  assert.throws(() => decodeAnswer("status", encode({ ...wire, state: "fine" })));
});
