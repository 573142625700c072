import assert from "node:assert/strict";
import { openSink } from "./os_sink.ts";

const record = (n: number) => new TextEncoder().encode(`{"n":${n}}`);

async function inDirectory(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "sink-" });
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a file gets every record on a line, and is its owner's alone", () =>
  inDirectory(async (dir) => {
    const path = `${dir}/audit.jsonl`;
    const sink = openSink({ kind: "file", path }, assert.fail);
    for (const n of [1, 2]) sink.write(record(n));
    sink.close();
    assert.equal(await Deno.readTextFile(path), '{"n":1}\n{"n":2}\n');
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("a file that cannot be written is told once, and how much was lost when it can be again", () =>
  inDirectory(async (dir) => {
    const told: unknown[] = [];
    const path = `${dir}/later/audit.jsonl`;
    const sink = openSink({ kind: "file", path }, (event, detail) => told.push([event, detail]));
    for (const n of [1, 2, 3]) sink.write(record(n));
    await Deno.mkdir(`${dir}/later`);
    sink.write(record(4));
    sink.close();
    assert.equal(await Deno.readTextFile(path), '{"n":4}\n');
    assert.deepEqual(told.map((one) => (one as unknown[])[0]), ["sink_failed", "sink_back"]);
    assert.equal((told[1] as unknown[])[1], 3);
  }));

Deno.test("a socket gets every record in order, those too that came before anybody listened", () =>
  inDirectory(async (dir) => {
    const path = `${dir}/s`;
    const failed = Promise.withResolvers<void>();
    const sink = openSink({ kind: "unix", path }, (event) => {
      if (event === "sink_failed") failed.resolve();
    });
    for (const n of [1, 2]) sink.write(record(n));
    await failed.promise;
    using listener = Deno.listen({ transport: "unix", path });
    sink.write(record(3));
    using socket = await listener.accept();
    const wanted = '{"n":1}\n{"n":2}\n{"n":3}\n';
    let text = "";
    const piece = new Uint8Array(1024);
    while (text.length < wanted.length) {
      const read = await socket.read(piece);
      if (read === null) break;
      text += new TextDecoder().decode(piece.subarray(0, read));
    }
    assert.equal(text, wanted);
    sink.close();
  }));
