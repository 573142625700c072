import assert from "node:assert/strict";
import { nameCounts, readVectors } from "../spiffe/_vectors.ts";
import {
  decodeStatusMessage,
  encodeFrame,
  encodeStatusMessage,
  formatStatus,
  FrameReader,
  GRPC_CODE,
  GrpcError,
  readStatus,
  statusTrailers,
} from "./grpc.ts";

interface FrameCase {
  readonly id: string;
  readonly hex: string;
  readonly messages?: number;
  readonly error?: string;
}

const { frames } = readVectors<{ frames: FrameCase[] }>("workload-wire.json");
nameCounts("workload-wire.json", { frames: [7, frames.length] });

function readAll(bytes: Uint8Array, chunkBytes: number): Uint8Array[] {
  const reader = new FrameReader();
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    messages.push(...reader.push(bytes.subarray(at, at + chunkBytes)));
  }
  if (!reader.isBetweenFrames()) {
    throw new GrpcError({ code: GRPC_CODE.UNAVAILABLE, message: "stream ended inside a frame" });
  }
  return messages;
}

for (const vector of frames) {
  for (const chunkBytes of [1, 3, 5, 1000]) {
    Deno.test(`FrameReader handles ${vector.id} in chunks of ${chunkBytes}`, () => {
      const bytes = Uint8Array.fromHex(vector.hex);
      if (vector.error !== undefined) {
        assert.throws(() => readAll(bytes, chunkBytes), GrpcError);
        return;
      }
      const messages = readAll(bytes, chunkBytes);
      assert.equal(messages.length, vector.messages);
      assert.deepEqual(
        messages.flatMap((message) => [...encodeFrame(message)]),
        [...bytes],
        "frames written again are the bytes that were read",
      );
    });
  }
}

Deno.test("FrameReader names the status of a frame it refuses", () => {
  assert.throws(() => new FrameReader().push(new Uint8Array([1, 0, 0, 0, 0])), (error) => {
    assert(error instanceof GrpcError);
    assert.equal(error.status.code, GRPC_CODE.INTERNAL);
    return true;
  });
  assert.throws(() => new FrameReader().push(new Uint8Array([0, 1, 0, 0, 1])), (error) => {
    assert(error instanceof GrpcError);
    assert.equal(error.status.code, GRPC_CODE.RESOURCE_EXHAUSTED);
    assert(error.message.includes("16777217"));
    return true;
  });
});

Deno.test("FrameReader takes a message of exactly the limit", () => {
  const reader = new FrameReader(4);
  assert.deepEqual(reader.push(encodeFrame(new Uint8Array(4))), [new Uint8Array(4)]);
  assert.throws(() => reader.push(encodeFrame(new Uint8Array(5))), GrpcError);
});

Deno.test("a status message survives percent-encoding", () => {
  for (const text of ["", "plain", "100 %", "no identity issued\nü 😀", "%41"]) {
    const encoded = encodeStatusMessage(text);
    assert.match(encoded, /^[\x20-\x7e]*$/);
    assert.equal(decodeStatusMessage(encoded), text);
  }
  assert.equal(encodeStatusMessage("a%b\n"), "a%25b%0A");
});

Deno.test("decodeStatusMessage() leaves malformed escapes as they came", () => {
  assert.equal(decodeStatusMessage("50% of %4 %zz%41"), "50% of %4 %zzA");
});

Deno.test("readStatus() tells no status from an unreadable one", () => {
  assert.equal(readStatus({}), undefined);
  assert.deepEqual(readStatus({ "grpc-status": "7", "grpc-message": "no%20identity" }), {
    code: 7,
    message: "no identity",
  });
  assert.equal(readStatus({ "grpc-status": "seven" })?.code, GRPC_CODE.UNKNOWN);
  assert.equal(readStatus({ "grpc-status": "" })?.code, GRPC_CODE.UNKNOWN);
});

Deno.test("statusTrailers() leaves out an empty message", () => {
  assert.deepEqual(statusTrailers({ code: 0, message: "" }), { "grpc-status": "0" });
  assert.deepEqual(statusTrailers({ code: 3, message: "é" }), {
    "grpc-status": "3",
    "grpc-message": "%C3%A9",
  });
});

Deno.test("formatStatus() names known codes and keeps unknown ones", () => {
  assert.equal(formatStatus({ code: 7, message: "no" }), "PERMISSION_DENIED: no");
  assert.equal(formatStatus({ code: 99, message: "" }), "status 99");
});
