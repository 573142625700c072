import assert from "node:assert/strict";
import { guardedInput, resultSink, talkSink } from "./real_io.ts";

/** A stream that takes a byte at a time, or fails. */
function stream(failure?: Error) {
  const taken: number[] = [];
  const writeSync = (bytes: Uint8Array) => {
    if (failure) throw failure;
    taken.push(bytes[0] ?? 0);
    return 1;
  };
  return { taken, writeSync };
}

Deno.test("what is written goes out whole, however little the stream takes", () => {
  const out = stream();
  resultSink(out).print("ab");
  resultSink(out).write(Uint8Array.of(1, 2));
  talkSink(out).prompt("c");
  assert.deepEqual(out.taken, [97, 98, 10, 1, 2, 99]);
});

Deno.test("a full disk behind standard output is told, and a reader that is gone is left to the caller", () => {
  const full = new Error("No space left on device (os error 28)");
  assert.throws(() => resultSink(stream(full)).print("a"), {
    code: "fs_file_open_failed",
    message: "Standard output cannot be written: No space left on device",
  });
  const gone = new Deno.errors.BrokenPipe("Broken pipe (os error 32)");
  assert.throws(() => resultSink(stream(gone)).print("a"), Deno.errors.BrokenPipe);
  talkSink(stream(full)).print("a");
});

Deno.test("a directory behind standard input is told as one", async () => {
  const failing = new ReadableStream<Uint8Array>({
    pull: () => {
      throw new Deno.errors.IsADirectory("Is a directory (os error 21)");
    },
  });
  await assert.rejects(Array.fromAsync(guardedInput(failing)), {
    code: "fs_file_open_failed",
    message: "Standard input cannot be read: it is a directory",
  });
  const text = guardedInput(new Blob(["abc"]).stream());
  assert.equal(await new Response(text).text(), "abc");
});
