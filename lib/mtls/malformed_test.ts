import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { headFault } from "./malformed.ts";

function faultOf(lines: readonly [name: string, value: string][], httpVersion = "1.1") {
  const headers = Object.fromEntries(lines.map(([name, value]) => [name.toLowerCase(), value]));
  return headFault(
    { headers, rawHeaders: lines.flat(), httpVersion } as unknown as IncomingMessage,
  );
}

Deno.test("a request has one host, except in HTTP/1.0", () => {
  assert.equal(faultOf([["Host", "a:1"]]), undefined);
  assert.equal(faultOf([["HOST", ""]]), undefined);
  assert.equal(faultOf([]), "host");
  assert.equal(faultOf([], "1.0"), undefined);
  assert.equal(faultOf([["host", "a"], ["Host", "a"]]), "host");
  assert.equal(faultOf([["host", "a"], ["Host", "a"]], "1.0"), "host");
});

Deno.test("a host is a name or an address, with or without a port", () => {
  for (const host of ["a", "A.b-c_d", "127.0.0.1:8553", "[::1]", "[::1]:8553", "a:"]) {
    assert.equal(faultOf([["host", host]]), undefined, host);
  }
  for (const host of ["a b", "a/b", "u@a", "[::1", "::1", "a:b", "a:123456", "a\\b", "\u00e9"]) {
    assert.equal(faultOf([["host", host]]), "host", host);
  }
});

Deno.test("a body comes in chunks or with its length, and no other coding is understood", () => {
  const coded = (coding: string) => faultOf([["host", "a"], ["transfer-encoding", coding]]);
  assert.equal(coded("Chunked"), undefined);
  for (const coding of ["gzip", "gzip, chunked", "chunked, chunked", "identity", ""]) {
    assert.equal(coded(coding), "transfer-encoding", coding);
  }
});

Deno.test("one expectation can be met", () => {
  assert.equal(faultOf([["host", "a"], ["expect", "100-Continue"]]), undefined);
  assert.equal(faultOf([["host", "a"], ["expect", "tea"]]), "expect");
});
