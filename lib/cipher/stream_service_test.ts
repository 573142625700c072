import assert from "node:assert/strict";
import { osRandom } from "../seal/mod.ts";
import { type ByteStream, createStreamService } from "./stream_service.ts";

const CHUNK = new Uint8Array(65_536);
const REQUEST = { key: "", aad: new Uint8Array() };

function build() {
  return createStreamService({
    defaultKeys: {
      current: 1,
      copy: (version) => ({ version, bytes: new Uint8Array(32).fill(7) }),
    },
    spend: () => Promise.resolve(),
    random: osRandom,
  });
}

async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield CHUNK;
}

async function drain(stream: ByteStream): Promise<number> {
  let bytes = 0;
  for await (const piece of stream) bytes += piece.length;
  return bytes;
}

Deno.test("a stream counts while it is under way, and not after its end or its caller's", async () => {
  const service = build();
  assert.ok(await drain(await service.encrypt(REQUEST, chunks(3))) > 3 * CHUNK.length);
  assert.equal(service.held, 0);
  const left = (await service.encrypt(REQUEST, chunks(3)))[Symbol.asyncIterator]();
  await left.next();
  assert.equal(service.held, 1);
  await left.return?.();
  assert.equal(service.held, 0);
});

Deno.test("when the keys go, streams under way fail, and so does one that has not begun", async () => {
  const service = build();
  const begun = (await service.encrypt(REQUEST, chunks(9)))[Symbol.asyncIterator]();
  await begun.next();
  await begun.next();
  const waiting = await service.encrypt(REQUEST, chunks(9));
  service.endAll();
  assert.equal(service.held, 0);
  await assert.rejects(begun.next(), { code: "state_not_ready" });
  await assert.rejects(drain(waiting), { code: "state_not_ready" });
  // Later ones are under keys that have come back.
  assert.ok(await drain(await service.encrypt(REQUEST, chunks(1))) > CHUNK.length);
});
