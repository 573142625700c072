import assert from "node:assert/strict";
import { bounded, boundedList } from "./bounded.ts";
import type { RequestEntry } from "./entry.ts";
import { encodeRecord } from "./record.ts";
import { isRefusal, Refusals } from "./refusals.ts";
import { subjectOf, withAnswer } from "./subject.ts";

function entry(more: object = {}, id = "spiffe://example.org/web"): RequestEntry {
  return {
    correlation: "c",
    server: "nexus",
    caller: { id, trustDomain: "example.org", serial: "0a" },
    operation: "secret.get",
    subject: { path: "a" },
    status: 401,
    code: "access_unauthorized",
    timeMs: 1_000,
    durationUs: 1,
    ...more,
  } as RequestEntry;
}

/** A counter of refusals with a clock that is set. */
function counter(limits = {}) {
  const clock = { ms: 0 };
  return { clock, refusals: new Refusals(() => clock.ms, { singly: 2, ...limits }) };
}

Deno.test("the first refusals of a caller are recorded singly, the others in one record by kind", () => {
  const { refusals } = counter();
  const taken = [
    entry(),
    entry(),
    entry({ timeMs: 2_000 }),
    entry({ timeMs: 3_000, operation: "secret.put" }),
    entry({ timeMs: 4_000, operation: null, status: 429, code: "overloaded" }),
    entry({ timeMs: 5_000, operation: null, subject: { names: { fault: "expect" } } }),
    entry({ timeMs: 2_500 }),
  ].map((one) => refusals.take(one));
  assert.deepEqual(taken, [true, true, false, false, false, false, false]);
  const [sum, ...rest] = refusals.takeSums();
  assert.deepEqual(rest, []);
  assert.deepEqual(sum, {
    ...entry({ operation: null, subject: {}, timeMs: 2_000, durationUs: 3_000_000 }),
    sum: {
      count: 5,
      untilMs: 5_000,
      kinds: {
        "expect access_unauthorized": 1,
        "none overloaded": 1,
        "secret.get access_unauthorized": 2,
        "secret.put access_unauthorized": 1,
      },
    },
  });
});

Deno.test("nothing is summed where everything was recorded singly, and the next interval begins anew", () => {
  const { refusals, clock } = counter({ intervalMs: 100 });
  refusals.take(entry());
  assert.equal(refusals.remainingMs, 100);
  clock.ms = 100;
  assert.ok(refusals.isOver);
  assert.deepEqual(refusals.takeSums(), []);
  assert.deepEqual([1, 2, 3].map(() => refusals.take(entry())), [true, true, false]);
  assert.equal(refusals.isOver, false);
});

Deno.test("each caller has records of its own, up to a number of all together", () => {
  const { refusals } = counter({ singlyInAll: 3 });
  const of = (name: string) => refusals.take(entry({}, `spiffe://example.org/${name}`));
  assert.deepEqual(["a", "b", "c", "d"].map(of), [true, true, true, false]);
  assert.deepEqual(refusals.takeSums().map(({ caller }) => caller.id), ["spiffe://example.org/d"]);
});

Deno.test("more callers than are told apart are summed by their trust domain", () => {
  const { refusals } = counter({ callers: 2, singly: 0 });
  for (let i = 0; i < 500; i++) refusals.take(entry({}, `spiffe://example.org/${i}`));
  const sums = refusals.takeSums().map(({ caller, sum }) => [caller.id, sum?.count]);
  assert.deepEqual(sums, [
    ["spiffe://example.org/0", 1],
    ["spiffe://example.org/1", 1],
    ["spiffe://example.org", 498],
  ]);
});

Deno.test("a sum tells a bounded number of kinds apart", () => {
  const { refusals } = counter({ singly: 0 });
  for (let i = 0; i < 100; i++) {
    refusals.take(entry({ operation: null, subject: { names: { fault: `f${i}` } } }));
  }
  const kinds = refusals.takeSums()[0]?.sum?.kinds ?? {};
  assert.deepEqual([Object.keys(kinds).length, kinds["other"]], [33, 68]);
});

Deno.test("who was let through by a role or a policy is never only counted", () => {
  assert.equal(isRefusal(entry()), true);
  assert.equal(isRefusal(entry({ grant: { by: "policy", name: "p" }, status: 404 })), false);
});

const HOSTILE = ["x", "\u0001", '"', "\\", "ä", "\u{1f511}", "\ud800", "\u2028"];

Deno.test("no text of a record is longer than its limit, and each has its own digest", () => {
  for (const one of HOSTILE) {
    for (const limit of [42, 100, 512]) {
      const [text, other] = [one.repeat(5_000), one.repeat(5_001)];
      const bytes = new TextEncoder().encode(JSON.stringify(bounded(text, limit))).length;
      assert.ok(bytes <= limit + 2, `${JSON.stringify(one)} ${limit}: ${bytes}`);
      assert.notEqual(bounded(text, limit), bounded(other, limit));
    }
  }
  assert.equal(bounded("a".repeat(500)), "a".repeat(500), "every path that a secret can have");
});

Deno.test("a list keeps its texts whole as long as they are few, and recognisable otherwise", () => {
  const few = Array.from({ length: 7 }, (_, i) => `${i}${"p".repeat(499)}`);
  assert.deepEqual(boundedList(few), few);
  const many = Array.from({ length: 100 }, (_, i) => `${i}/${"p".repeat(490)}`);
  const kept = boundedList([...many.slice(0, 99), "short"]);
  assert.equal(new Set(kept).size, 100);
  assert.equal(kept.at(-1), "short");
});

Deno.test("no request makes a record of more than 16 KiB, whatever it says", () => {
  const id = `spiffe://example.org/${"i".repeat(2_027)}`;
  const caller = { id, trustDomain: "example.org", serial: "f".repeat(4_000), via: id };
  for (const one of HOSTILE) {
    const text = one.repeat(60_000);
    const paths = Array.from({ length: 1_000 }, (_, i) => `${i}${one.repeat(600)}`);
    const requests = [
      { path: text, versions: Array(1_000).fill(Number.MAX_SAFE_INTEGER) },
      { from: text, to: text, key: text },
      { paths },
      { name: text, spiffeidPattern: text, pathPattern: text, id: text, prefix: text },
    ];
    const secrets = paths.map((path) => ({ path, err: "api_not_found" }));
    for (const request of requests) {
      const subject = withAnswer(subjectOf(request), { secrets });
      const bytes = encodeRecord(1, { kind: "request", entry: entry({ caller, subject }) });
      assert.ok(bytes.length <= 16_384, `${JSON.stringify(one)}: ${bytes.length}`);
    }
  }
});
