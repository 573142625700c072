import assert from "node:assert/strict";
import { Newest } from "./newest.ts";

function taken(...changes: readonly unknown[]): Newest {
  const newest = new Newest();
  changes.forEach((change, i) => {
    const record = { format: 1, n: i, kind: "change", revision: i + 1, changes: [change] };
    newest.take(new TextEncoder().encode(JSON.stringify(record)));
  });
  return newest;
}

Deno.test("the newest digest of each row counts, and what was removed has none", () => {
  const newest = taken(
    { head: "a", current: 1, digest: "1" },
    { head: "a", current: 2, digest: "2" },
    { policy: "a", digest: "3" },
    { policy: "a", removed: true },
    { keyHead: "a", digest: "4" },
    { key: "cipher/key/a", version: 2 },
  );
  assert.deepEqual(newest.of("head", "a"), { digest: "2", revision: 2, isPurged: false });
  assert.equal(newest.of("policy", "a")?.digest, undefined);
  assert.equal(newest.of("keyHead", "a")?.digest, "4");
  assert.deepEqual([...newest.names("policy")], []);
  assert.deepEqual([...newest.names("key")], ["cipher/key/a version 2"]);
  assert.equal(newest.firstRevision, 1);
});

Deno.test("a record of a change that was made up is passed over", () => {
  const newest = new Newest();
  for (const rest of ["", ',"revision":1}', ',"revision":1,"changes":[null]}', "}"]) {
    newest.take(new TextEncoder().encode(`{"format":1,"n":0,"kind":"change"${rest}`));
  }
  assert.equal(newest.firstRevision, undefined);
});
