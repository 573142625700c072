import assert from "node:assert/strict";
import { forbiddenAttempts, makeElsewhere, startProbe } from "./_probe.ts";
import { assertConfined, listenPermissions, urlPermissions } from "./confine.ts";

Deno.test("a thread without permissions can do nothing of what is forbidden", async () => {
  const elsewhere = await makeElsewhere();
  const probe = startProbe({});
  for (const attempt of forbiddenAttempts(elsewhere.path)) {
    assert.equal(await probe.tryTo(attempt), "denied", JSON.stringify(attempt));
  }
  probe.end();
  await elsewhere.remove();
});

Deno.test("a scoped permission is no excess, a general one is", async () => {
  const scoped = startProbe({ read: ["/a"], write: ["/b"], net: ["127.0.0.1:1"] });
  assert.equal(await scoped.tryTo({ what: "excess" }), "");
  scoped.end();
  const general = startProbe({ read: true, net: true, run: ["/bin/true"] });
  assert.equal(await general.tryTo({ what: "excess" }), "read,net");
  general.end();
});

Deno.test("this test has all permissions, and would not start as a confined thread", async () => {
  await assert.rejects(assertConfined(["write", "run"]), {
    message: "This thread has permissions that it must not have: write, run",
  });
  await assertConfined([]);
});

Deno.test("a listener gets its own address and the loopback of its port, nothing else", () => {
  assert.deepEqual(listenPermissions({ host: "10.0.0.1", port: 8553 }), [
    "10.0.0.1:8553",
    "127.0.0.1:8553",
    "[::1]:8553",
  ]);
  assert.deepEqual(listenPermissions({ host: "fd00::1", port: 1 })[0], "[fd00::1]:1");
  assert.deepEqual(listenPermissions({ host: "", port: 1 }).slice(0, 2), ["0.0.0.0:1", "[::]:1"]);
});

Deno.test("a URL gives its host and port, the scheme's own when it names none", () => {
  const urls = ["https://keeper-1:8443", "https://nexus/prefix", "http://a", "https://[fd00::1]:9"];
  assert.deepEqual(urlPermissions(urls), ["keeper-1:8443", "nexus:443", "a:80", "[fd00::1]:9"]);
});
