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

/** A file sink whose clock stands still until it is told to go on. */
function fileSink(path: string, told: unknown[] = []) {
  let nowMs = 0;
  const report = (event: string, detail: string | number) => void told.push([event, detail]);
  const sink = openSink({ kind: "file", path }, report, { uid: Deno.uid() ?? 0, now: () => nowMs });
  return { sink, goOn: (ms: number) => nowMs += ms };
}

Deno.test("a file that was renamed or removed is made anew within a second", () =>
  inDirectory(async (dir) => {
    const path = `${dir}/audit.jsonl`;
    const { sink, goOn } = fileSink(path);
    sink.write(record(1));
    await Deno.rename(path, `${path}.1`);
    sink.write(record(2));
    goOn(1_000);
    sink.write(record(3));
    assert.equal(await Deno.readTextFile(`${path}.1`), '{"n":1}\n{"n":2}\n');
    assert.equal(await Deno.readTextFile(path), '{"n":3}\n');
    await Deno.remove(path);
    goOn(1_000);
    sink.write(record(4));
    sink.close();
    assert.equal(await Deno.readTextFile(path), '{"n":4}\n');
  }));

Deno.test("after reopening the next record is in the new file", () =>
  inDirectory(async (dir) => {
    const path = `${dir}/audit.jsonl`;
    const { sink } = fileSink(path);
    sink.write(record(1));
    await Deno.rename(path, `${path}.1`);
    // What logrotate makes counts, too.
    await Deno.writeTextFile(path, "", { mode: 0o640 });
    sink.reopen();
    for (const n of [2, 3]) sink.write(record(n));
    sink.close();
    assert.equal(await Deno.readTextFile(path), '{"n":2}\n{"n":3}\n');
  }));

Deno.test("a file that is copied and truncated goes on from its beginning", () =>
  inDirectory(async (dir) => {
    const path = `${dir}/audit.jsonl`;
    const { sink } = fileSink(path);
    sink.write(record(1));
    await Deno.truncate(path);
    sink.write(record(2));
    sink.close();
    assert.equal(await Deno.readTextFile(path), '{"n":2}\n');
  }));

Deno.test({
  name: "a file that somebody else has put there meanwhile gets no record",
  // Only root can hand files to somebody else.
  ignore: Deno.uid() !== 0,
  fn: () =>
    inDirectory(async (dir) => {
      const path = `${dir}/audit.jsonl`;
      const told: unknown[] = [];
      const { sink } = fileSink(path, told);
      sink.write(record(1));
      await Deno.remove(path);
      await Deno.writeTextFile(path, "");
      await Deno.chown(path, 54_321, 54_321);
      sink.reopen();
      sink.write(record(2));
      assert.deepEqual(told, [["sink_failed", `file ${path} belongs to user 54321`]]);
      assert.equal(await Deno.readTextFile(path), "");
      await Deno.remove(path);
      sink.write(record(3));
      sink.close();
      assert.equal(await Deno.readTextFile(path), '{"n":3}\n');
      assert.deepEqual(told[1], ["sink_back", 1]);
    }),
});
