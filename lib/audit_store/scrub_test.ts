import assert from "node:assert/strict";
import { keepLines } from "../telemetry/_sink.ts";
import { scrubStore } from "./scrub.ts";
import type { StoreVerified } from "./store_verifier.ts";

const FINE: StoreVerified = {
  heads: 2,
  policies: 1,
  cipherKeys: 0,
  older: 0,
  logs: [],
  rows: [],
  findings: 0,
};

/** Scrubs `rounds` times; each entry of `results` is the outcome of one. */
async function scrub(results: (StoreVerified | Error)[], isReady = () => true) {
  const { log, lines, events } = keepLines();
  const slept: number[] = [];
  const rounds = results.length;
  let round = 0;
  let nowMs = 0;
  const told: number[] = [];
  await scrubStore({
    intervalMs: 1000,
    isReady,
    verify: async (pause) => {
      nowMs += 5;
      await pause();
      const result = results.shift();
      if (result instanceof Error || !result) throw result;
      return result;
    },
    retain: () => Promise.resolve(),
    sleep: (ms) => {
      slept.push(ms);
      return Promise.resolve(ms === 1000 && round++ === rounds);
    },
    now: () => nowMs,
    onFindings: (count) => told.push(count),
    log,
  });
  return { lines, events: events(), slept, told };
}

Deno.test("a store that is as it was written is told in one line, and each step is followed by a long rest", async () => {
  const { lines, slept } = await scrub([FINE]);
  assert.deepEqual(lines, [{
    level: "info",
    event: "scrub_done",
    fields: { heads: 2, policies: 1, cipherKeys: 0, older: 0, logs: 0, findings: 0 },
  }]);
  assert.deepEqual(slept, [1000, 45, 1000]);
});

Deno.test("each row and log that differs is told", async () => {
  const finding = { record: 7, file: "f", line: 9, what: "the record was changed" };
  const checked = {
    log: "b",
    size: 9,
    dropped: 0,
    checkpoints: 1,
    signed: 9,
    held: 0,
    unsigned: 0,
  };
  const { lines, told } = await scrub([{
    ...FINE,
    rows: [{ kind: "head", name: "a/b", what: "replaced" }],
    logs: [{ log: "a", missing: true }, { ...checked, findings: [finding] }],
    findings: 3,
  }]);
  assert.deepEqual(lines.map(({ level, event }) => `${level} ${event}`), [
    "error store_row_unexpected",
    "error audit_log_missing",
    "error audit_record_unexpected",
    "error scrub_done",
  ]);
  assert.deepEqual(told, [3]);
});

Deno.test("a round that fails is told, and the next one comes; without a key there is none", async () => {
  const { events } = await scrub([new Error("disk"), FINE]);
  assert.deepEqual(events, ["scrub_failed", "scrub_done"]);
  assert.deepEqual((await scrub([FINE], () => false)).events, []);
});
