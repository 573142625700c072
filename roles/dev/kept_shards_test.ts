import assert from "node:assert/strict";
import { createClient } from "../../lib/client/mod.ts";
import { formatKept, keepShards, parseKept, restoreShards } from "./kept_shards.ts";

function shards() {
  return [1, 2, 3].map((index) => ({ index, bytes: new Uint8Array(32).fill(index) }));
}

/** A client whose calls are answered one after another; `sent` holds the bodies that went out. */
function clientWith(answers: unknown[], statuses: number[] = []) {
  const sent: { id?: number }[] = [];
  const client = createClient({
    nexusUrl: "https://127.0.0.1:1",
    transport: {
      post: (_url, body) => {
        sent.push(JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body)));
        const text = JSON.stringify(answers.shift());
        return Promise.resolve({
          status: statuses.shift() ?? 200,
          body: new TextEncoder().encode(text),
        });
      },
      close: () => Promise.resolve(),
    },
  });
  return { client, sent };
}

const progress = (collected: number, remaining: number) => ({
  collected,
  remaining,
  restored: remaining === 0,
});

Deno.test("kept shards are read back, and the file says loudly what it is", () => {
  const text = formatKept(shards());
  assert.match(text, /DEVELOPMENT ONLY/);
  assert.deepEqual(parseKept(text, assert.fail), shards());
});

Deno.test("the file of kept shards is for its owner alone", async () => {
  const dir = await Deno.makeTempDir();
  const answer = Object.fromEntries(shards().map(({ index, bytes }) => [index, [...bytes]]));
  const { client } = clientWith([{ shards: answer }]);
  await keepShards(client, `${dir}/kept`);
  assert.equal(((await Deno.stat(`${dir}/kept`)).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual(parseKept(await Deno.readTextFile(`${dir}/kept`), assert.fail), shards());
  await Deno.remove(dir, { recursive: true });
});

Deno.test("shards are handed in until the key is back, and no further", async () => {
  const { client, sent } = clientWith([progress(1, 1), progress(2, 0)]);
  await restoreShards(client, formatKept(shards()), assert.fail);
  assert.deepEqual(sent.map(({ id }) => id), [1, 2]);
});

Deno.test("too few kept shards are an error", async () => {
  const { client } = clientWith([progress(1, 1)]);
  await assert.rejects(restoreShards(client, formatKept(shards().slice(0, 1)), assert.fail), {
    code: "recovery_failed",
  });
});

Deno.test("a damaged and a refused shard are named and passed over", async () => {
  const skipped: string[] = [];
  const onSkip = (which: string) => skipped.push(which);
  const text = formatKept(shards());
  const damaged = text.replace("spike:1:01", "spike:1:zz");
  const one = clientWith([progress(1, 1), progress(2, 0)]);
  await restoreShards(one.client, damaged, onSkip);
  assert.deepEqual(one.sent.map(({ id }) => id), [2, 3]);
  const refusal = { err: "api_bad_request", message: "Not a shard of this store" };
  const two = clientWith([progress(1, 1), refusal, progress(2, 0)], [200, 400, 200]);
  await restoreShards(two.client, text, onSkip);
  assert.deepEqual(two.sent.map(({ id }) => id), [1, 2, 3]);
  assert.deepEqual(skipped, ["1", "2"]);
});

Deno.test("a Nexus that cannot restore at all ends the attempt", async () => {
  const { client, sent } = clientWith([{ err: "access_unauthorized", message: "No" }], [401]);
  await assert.rejects(restoreShards(client, formatKept(shards()), assert.fail), {
    code: "access_unauthorized",
  });
  assert.equal(sent.length, 1);
});
