import assert from "node:assert/strict";
import { layoutOf, shortHash, socketPath } from "./layout.ts";

const BASE = "/tmp/spike-dev-1000";

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

Deno.test("sockets live in the directory itself when it is short", () => {
  const layout = layoutOf("/home/a/dev", BASE);
  assert.equal(socketPath(layout, "nexus"), "/home/a/dev/run/nexus.sock");
  assert.equal(layout.control, "/home/a/dev/run/control.sock");
});

Deno.test("no socket's path is longer than the operating system takes, whatever the directory", () => {
  for (let length = 2; length < 200; length++) {
    for (const character of ["x", "ü"]) {
      const layout = layoutOf(`/${character.repeat(length)}`, BASE);
      const longest = socketPath(layout, `extra-${shortHash("spiffe://spike.ist/a")}`);
      assert.ok(bytes(longest) <= 107, `${longest} for length ${length}`);
    }
  }
});

Deno.test("only sockets move out of a long directory, each directory to a place of its own", () => {
  const [one, other] = ["a", "b"].map((end) => layoutOf(`/${"x".repeat(120)}${end}`, BASE));
  assert.ok(one?.run.startsWith(`${BASE}/`));
  assert.notEqual(one?.run, other?.run);
  assert.ok(one?.data.startsWith("/xxx"));
});
