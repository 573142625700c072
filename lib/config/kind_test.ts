import assert from "node:assert/strict";
import { age, choice, duration, flag, integer, type Kind, list, Refusal, text } from "./kind.ts";
import {
  auditSink,
  directory,
  filePath,
  httpsUrl,
  listenAddress,
  trustRoot,
} from "./place_kind.ts";

const place = { homeDir: "/home/ada" };

/** The value, or undefined for a refusal. */
function parse<T>(kind: Kind<T>, given: string, at = place): T | undefined {
  const value = kind.parse(given, at);
  return value instanceof Refusal ? undefined : value;
}

function refusal(kind: Kind<unknown>, given: string): string {
  const value = kind.parse(given, place);
  assert.ok(value instanceof Refusal, `${given} was taken as ${JSON.stringify(value)}`);
  return value.expected;
}

Deno.test("a duration is read as Go reads it, in milliseconds rounded up", () => {
  const table: [string, number][] = [
    ["500ms", 500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1500],
    [".5s", 500],
    ["1.s", 1000],
    ["0.1s", 100],
    ["1m0.3s", 60_300],
    ["1us", 1],
    ["1500\u00b5s", 2],
    ["1500\u03bcs", 2],
    ["1ns", 1],
    ["596h", 2_145_600_000],
  ];
  for (const [given, ms] of table) assert.equal(parse(duration(1), given), ms, given);
});

Deno.test("a duration without unit, with a sign, or too long for a timer is refused", () => {
  for (const given of ["30", "-5s", "+5s", "5 s", "s", "", "1d", "0", "0s", "597h", "1e3s", ".s"]) {
    assert.match(refusal(duration(1), given), /^a duration such as 500ms/, given);
  }
  assert.equal(parse(duration(0), "0"), 0);
  assert.equal(parse(duration(0), "0s"), 0);
});

Deno.test("a duration is shown in the largest unit that fits", () => {
  for (const given of ["0", "500ms", "90s", "5m", "2h"]) {
    assert.equal(duration(0).show(parse(duration(0), given) ?? -1), given);
  }
});

Deno.test("a listen address has its port in each of the four spellings", () => {
  assert.deepEqual(parse(listenAddress, "8553"), { host: "", port: 8553 });
  assert.deepEqual(parse(listenAddress, ":8553"), { host: "", port: 8553 });
  assert.deepEqual(parse(listenAddress, "nexus.local:8553"), { host: "nexus.local", port: 8553 });
  assert.deepEqual(parse(listenAddress, "127.0.0.1:0"), { host: "127.0.0.1", port: 0 });
  assert.deepEqual(parse(listenAddress, "[::1]:8553"), { host: "::1", port: 8553 });
  assert.equal(listenAddress.show({ host: "::1", port: 1 }), "[::1]:1");
});

Deno.test("a listen address that is ambiguous or out of range is refused", () => {
  const wrong = ["", ":", "abc", "65536", "::1:8553", "[::1]", "a b:1", "host:", "-1", "host:1x"];
  for (const given of wrong) refusal(listenAddress, given);
});

Deno.test("an https URL is canonical without a trailing slash and keeps its path prefix", () => {
  assert.equal(parse(httpsUrl, "https://localhost:8553"), "https://localhost:8553");
  assert.equal(parse(httpsUrl, "https://NEXUS:8553/"), "https://nexus:8553");
  assert.equal(parse(httpsUrl, "https://nexus:443/spike/"), "https://nexus/spike");
  assert.equal(parse(httpsUrl, "https://[::1]:1"), "https://[::1]:1");
});

Deno.test("another scheme, credentials, a query or a fragment in a URL is refused", () => {
  const wrong = [
    "http://a",
    "nexus:8553",
    "https://",
    "https://u:p@a",
    "https://a?x",
    "https://a#x",
  ];
  for (const given of wrong) refusal(httpsUrl, given);
});

Deno.test("a trust root is a trust domain, perhaps with a path", () => {
  assert.equal(parse(trustRoot, "spike.ist"), "spike.ist");
  assert.equal(parse(trustRoot, "example.org/tenant/a"), "example.org/tenant/a");
  for (const given of ["spiffe://a", "Example.org", "a/", "a//b", "a/../b", "a b"]) {
    refusal(trustRoot, given);
  }
});

Deno.test("a list drops blanks around its items and refuses empty and repeated ones", () => {
  const urls = list(httpsUrl, "a list");
  assert.deepEqual(parse(urls, "https://a:1, https://b:1"), ["https://a:1", "https://b:1"]);
  assert.equal(refusal(urls, "https://a:1,"), "a list, without empty items");
  assert.equal(refusal(urls, "https://a:1,https://a:1/"), "a list, without repetitions");
  assert.match(refusal(urls, "https://a:1,ftp://b"), /^a list, each an https:\/\/ URL/);
});

Deno.test("a directory is absolute, normal, and has its suffix appended", () => {
  assert.equal(parse(directory(), "/var/lib//spike/"), "/var/lib/spike");
  assert.equal(parse(directory("data"), "/var/lib/spike"), "/var/lib/spike/data");
  assert.equal(parse(directory(), "~/.spike/data"), "/home/ada/.spike/data");
  assert.equal(parse(directory("recover"), "~"), "/home/ada/recover");
  assert.match(refusal(directory(), "data"), /^an absolute directory/);
  const homeless = directory().parse("~/x", { homeDir: undefined });
  assert.ok(homeless instanceof Refusal && /HOME is not set/.test(homeless.expected));
});

Deno.test("a directory of the system, or below one, is refused", () => {
  const wrong = [
    "/",
    "/etc",
    "/etc/spike",
    "/usr/../etc/x",
    "/root",
    "/proc/1",
    "/lib64/x",
    "//etc",
  ];
  for (const given of wrong) {
    assert.match(refusal(directory("data"), given), /outside \/etc, \/sys/, given);
  }
  assert.equal(parse(directory(), "/etcetera"), "/etcetera");
});

Deno.test("below a home directory of /root a directory is allowed, the home itself is not", () => {
  const root = { homeDir: "/root" };
  assert.equal(parse(directory(), "~/.spike/data", root), "/root/.spike/data");
  assert.equal(parse(directory(), "/root/other", root), "/root/other");
  assert.equal(parse(directory(), "/root", root), undefined);
  assert.equal(parse(directory(), "/root", { homeDir: "/home/ada" }), undefined);
  assert.equal(parse(directory(), "/root/x", { homeDir: "/home/ada" }), undefined);
});

Deno.test("a file path is taken as it is, its ~/ expanded", () => {
  assert.equal(parse(filePath, "~/svid.pem"), "/home/ada/svid.pem");
  assert.equal(parse(filePath, "run/svid.pem"), "run/svid.pem");
});

Deno.test("an age is none, or from an hour to ten years, however long a timer can wait", () => {
  assert.equal(parse(age, "0"), 0);
  assert.equal(parse(age, "1h"), 3_600_000);
  assert.equal(parse(age, "2160h"), 7_776_000_000);
  assert.equal(parse(age, "87600h"), 315_360_000_000);
  for (const given of ["59m", "87601h", "90d", "-1h", "", "1"]) {
    assert.equal(refusal(age, given), "a duration such as 720h, from 1h to 87600h, or 0 for none");
  }
});

Deno.test("plain kinds take what they say and nothing else", () => {
  assert.equal(parse(integer(0, 64), "64"), 64);
  for (const given of ["65", "-1", "1.0", "0x1", "", " 1"]) refusal(integer(0, 64), given);
  assert.equal(parse(flag, "true"), true);
  assert.equal(parse(flag, "false"), false);
  for (const given of ["1", "True", "yes", ""]) assert.equal(refusal(flag, given), "true or false");
  assert.equal(parse(choice("sqlite", "memory", "lite"), "SQLite"), "sqlite");
  assert.equal(refusal(choice("sqlite", "memory", "lite"), "pg"), "sqlite, memory or lite");
  assert.equal(parse(text, "x"), "x");
});

Deno.test("the path of a sink's socket is at most as long as the system takes", () => {
  const path = `/${"x".repeat(106)}`;
  assert.deepEqual(parse(auditSink, `unix:${path}`), { kind: "unix", path });
  assert.match(refusal(auditSink, `unix:${path}x`), /at most 107 bytes/);
  assert.deepEqual(parse(auditSink, `file:${path}x`), { kind: "file", path: `${path}x` });
});
