import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { receiveBackup } from "./backup.ts";

const MANIFEST = new TextEncoder().encode("what it is\n");
const DATABASE = Uint8Array.from({ length: 300 }, (_, i) => i % 256);

function frame(length = MANIFEST.length, manifest = MANIFEST): Uint8Array {
  const bytes = new Uint8Array(4 + manifest.length + DATABASE.length);
  new DataView(bytes.buffer).setUint32(0, length);
  bytes.set(manifest, 4);
  bytes.set(DATABASE, 4 + manifest.length);
  return bytes;
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

Deno.test("a backup is taken apart, however it comes in pieces", async () => {
  for (const size of [1, 3, 4, 15, 16, 1000]) {
    const { manifest, database } = await receiveBackup(inPieces(frame(), size));
    assert.equal(manifest, "what it is\n");
    const taken: number[] = [];
    for await (const piece of database) taken.push(...piece);
    assert.deepEqual(Uint8Array.from(taken), DATABASE);
  }
});

Deno.test("what is no backup is refused, and its stream is left", async () => {
  const noText = frame(1, Uint8Array.of(0xff));
  for (
    const [bytes, why] of [
      [frame().subarray(0, 3), /ended before its manifest did/],
      [frame().subarray(0, 10), /ended before its manifest did/],
      [frame(2 ** 31), /would have 2147483648 bytes/],
      [noText, /is not text/],
    ] as const
  ) {
    let isLeft = false;
    const stream = async function* () {
      try {
        yield* inPieces(bytes, 2);
      } finally {
        isLeft = true;
      }
    };
    await assert.rejects(
      receiveBackup(stream()),
      (error) => error instanceof SpikeError && why.test(error.message),
    );
    assert.ok(isLeft);
  }
});

Deno.test("a stream that fails on its way fails the database", async () => {
  const failing = async function* () {
    yield frame().subarray(0, 100);
    throw new SpikeError("net_peer_connection", "cut short");
  };
  const { database } = await receiveBackup(failing());
  await assert.rejects(Array.fromAsync(database), /cut short/);
});
