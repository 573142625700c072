import assert from "node:assert/strict";
import { samplePolicy } from "../policy/_sample.ts";
import { decodePolicy, encodePolicy, type PolicyRecord } from "./record.ts";

const RECORD: PolicyRecord = {
  ...samplePolicy(),
  revision: 7,
  createdMs: 1_767_323_045_123,
  createdBy: "spiffe://example.org/admin",
  updatedMs: 1_767_323_046_123,
  updatedBy: "spiffe://example.org/admin/2",
};

/** The plaintext with some members changed; undefined removes one. */
function changed(members: Record<string, unknown>): Uint8Array {
  const plaintext = JSON.parse(new TextDecoder().decode(encodePolicy(RECORD)));
  return new TextEncoder().encode(JSON.stringify({ ...plaintext, ...members }));
}

Deno.test("a policy's plaintext is read as it was written", () => {
  assert.deepEqual(decodePolicy(encodePolicy(RECORD)), RECORD);
});

Deno.test("a plaintext of another program is refused, whatever it lacks", () => {
  const wrong: [members: Record<string, unknown>, message: RegExp][] = [
    [{ format: 2 }, /^Policy has format 2, this program knows 1$/],
    [{ format: undefined }, /no usable member format$/],
    [{ revision: "7" }, /no usable member revision$/],
    [{ name: 1 }, /no usable member name$/],
    [{ path: undefined }, /no usable member path$/],
    [{ permissions: [] }, /no usable member permissions$/],
    [{ permissions: ["read", "fly"] }, /no usable member permissions$/],
    [{ permissions: "read" }, /no usable member permissions$/],
    [{ created: 1.5 }, /no usable member created$/],
  ];
  for (const [members, message] of wrong) {
    const act = () => decodePolicy(changed(members));
    assert.throws(act, { code: "state_integrity_check", message });
  }
  for (const text of ["", "null", "[]", "{"]) {
    const act = () => decodePolicy(new TextEncoder().encode(text));
    assert.throws(act, { code: "state_integrity_check" }, text);
  }
});
