import assert from "node:assert/strict";
import { complaintOf, deadEndOf, parseLogLine, tellingOf } from "./log_line.ts";

function line(level: string, event: string, fields?: Record<string, unknown>): string {
  return JSON.stringify({ time: "2026-01-01T00:00:00Z", level, component: "nexus", event, fields });
}

function told(text: string): string | undefined {
  const parsed = parseLogLine(text);
  return parsed && tellingOf(parsed);
}

Deno.test("only a process's own log lines are read as such", () => {
  assert.deepEqual(parseLogLine(line("info", "listening", { port: 1 })), {
    level: "info",
    event: "listening",
    fields: { port: 1 },
  });
  for (const text of ["", "Error: no", "{", "{}", '{"level":1,"event":"a"}', "[1]"]) {
    assert.equal(parseLogLine(text), undefined, text);
  }
});

Deno.test("notable events are told in words, the others are not", () => {
  assert.equal(told(line("info", "listening", { port: 8553, id: "x" })), "listens on port 8553");
  assert.equal(
    told(line("info", "root_key_rebuilt", { keepers: "1,3" })),
    "root key rebuilt: keepers 1,3",
  );
  assert.equal(told(line("error", "disk_full", { left: 0 })), "disk full: left 0");
  assert.equal(told(line("info", "shard_taken", { from: "nexus" })), undefined);
});

Deno.test("only damage of the store is a dead end, all else may pass", () => {
  const end = (text: string) => {
    const parsed = parseLogLine(text);
    return parsed && deadEndOf(parsed);
  };
  const damage = { code: "state_integrity_check", detail: "KEK 1" };
  assert.equal(
    end(line("error", "recovery_failed", damage)),
    "recovery failed: code state_integrity_check, detail KEK 1",
  );
  assert.equal(
    end(line("error", "store_meta_damaged", { hint: "h" })),
    "store meta damaged: hint h",
  );
  assert.equal(end(line("error", "recovery_failed", { code: "store_failure" })), undefined);
  assert.equal(end(line("warn", "recovery_failed", damage)), undefined);
  assert.equal(end(line("error", "keeper_shard_wrong", damage)), undefined);
});

Deno.test("a complaint is a printed error or a log line of level error", () => {
  assert.equal(complaintOf("Error: Port 1 is taken"), "Port 1 is taken");
  assert.equal(complaintOf("error: Uncaught (in promise) x"), "Uncaught (in promise) x");
  assert.equal(complaintOf(line("error", "database_lost", { owner: 7 })), "database_lost: owner 7");
  assert.equal(complaintOf(line("warn", "peer_refused")), undefined);
  assert.equal(complaintOf("Hint: look elsewhere"), undefined);
});
