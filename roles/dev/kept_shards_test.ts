import assert from "node:assert/strict";
import { createClient } from "../../lib/client/mod.ts";
import { formatKept, keepShards, parseKept, restoreShards } from "./kept_shards.ts";

function shards() {
  return [1, 2, 3].map((index) => ({ index, bytes: new Uint8Array(32).fill(index) }));
}

/** A client whose calls are answered one after another; `sent` holds the bodies that went out. */
function clientWith(answers: unknown[]) {
  const sent: { id?: number }[] = [];
  const client = createClient({
    nexusUrl: "https://127.0.0.1:1",
    transport: {
      post: (_url, body) => {
        sent.push(JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body)));
        const text = JSON.stringify(answers.shift());
        return Promise.resolve({ status: 200, body: new TextEncoder().encode(text) });
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
  assert.deepEqual(parseKept(text), shards());
});

Deno.test("the file of kept shards is for its owner alone", async () => {
  const dir = await Deno.makeTempDir();
  const answer = Object.fromEntries(shards().map(({ index, bytes }) => [index, [...bytes]]));
  const { client } = clientWith([{ shards: answer }]);
  await keepShards(client, `${dir}/kept`);
  assert.equal(((await Deno.stat(`${dir}/kept`)).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual(parseKept(await Deno.readTextFile(`${dir}/kept`)), shards());
  await Deno.remove(dir, { recursive: true });
});

Deno.test("shards are handed in until the key is back, and no further", async () => {
  const { client, sent } = clientWith([progress(1, 1), progress(2, 0)]);
  await restoreShards(client, formatKept(shards()));
  assert.deepEqual(sent.map(({ id }) => id), [1, 2]);
});

Deno.test("too few kept shards are an error", async () => {
  const { client } = clientWith([progress(1, 1)]);
  await assert.rejects(restoreShards(client, formatKept(shards().slice(0, 1))), {
    code: "recovery_failed",
  });
});
