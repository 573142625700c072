import assert from "node:assert/strict";
import { configureLogging, createLogger, type Level, type Logger } from "./log.ts";

function linesOf(level: Level, act: (log: Logger) => void): string[] {
  const lines: string[] = [];
  configureLogging({ level, sink: (line) => lines.push(line) });
  act(createLogger("keeper"));
  return lines;
}

Deno.test("a line is one JSON object with time, level, component, event and fields", () => {
  const [text = ""] = linesOf("info", (log) => log.info("shard_stored", { index: 2, by: null }));
  const { time, ...rest } = JSON.parse(text);
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, {
    level: "info",
    component: "keeper",
    event: "shard_stored",
    fields: { index: 2, by: null },
  });
});

Deno.test("a line without fields has no such member, and newlines in a field stay inside the line", () => {
  const [bare = "", long = ""] = linesOf("warn", (log) => {
    log.warn("a");
    log.error("b", { text: "x\ny" });
  });
  assert.equal("fields" in JSON.parse(bare), false);
  assert.equal(long.includes("\n"), false);
  assert.equal(JSON.parse(long).fields.text, "x\ny");
});

Deno.test("a line holds no control, also where JSON allows it", () => {
  const hostile = "\u007f\u009b2J\u202e\u2028\ufeff";
  const [line = ""] = linesOf("warn", (log) => log.warn("a", { text: hostile }));
  assert.match(line, /^[\x20-\x7e]+$/);
  assert.equal(JSON.parse(line).fields.text, hostile);
});

Deno.test("a private key, shard or token that somebody gave as a name stays out of a line", () => {
  const key = "AGE-SECRET-KEY-1QQQQQQQQQQQQ";
  const texts = [key, "spike:1:deadbeef", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"];
  const pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw";
  for (const secret of [...texts, pem]) {
    const [line = ""] = linesOf("warn", (log) => log.warn("a", { reason: `no /run/${secret}` }));
    assert.equal(JSON.parse(line).fields.reason, "no /run/[private key, not shown]");
  }
});

Deno.test("lines below the level are left out, and the level can be changed", () => {
  const events = (level: Level) =>
    linesOf(level, (log) => {
      log.debug("d");
      log.info("i");
      log.warn("w");
      log.error("e");
    }).map((line) => JSON.parse(line).event);
  assert.deepEqual(events("debug"), ["d", "i", "w", "e"]);
  assert.deepEqual(events("info"), ["i", "w", "e"]);
  assert.deepEqual(events("warn"), ["w", "e"]);
  assert.deepEqual(events("error"), ["e"]);
});

Deno.test("a sink that throws does not reach the caller", () => {
  configureLogging({
    level: "info",
    sink: () => {
      throw new Error("disk full");
    },
  });
  createLogger("keeper").info("a");
});

Deno.test("a Worker that may only read its code logs to standard error", async () => {
  const worker = new Worker(new URL("./log_test_worker.ts", import.meta.url), {
    type: "module",
    deno: {
      permissions: { read: true, net: false, env: false, write: false, run: false, sys: false },
    },
  });
  const answer = await new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
  });
  worker.terminate();
  assert.equal(JSON.parse(String(answer)).component, "worker");
});
