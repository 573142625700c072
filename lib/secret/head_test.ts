import assert from "node:assert/strict";
import { decodeHead, encodeHead, type Head } from "./head.ts";
import { purgedHistory } from "./version.ts";
import golden from "../../tests/golden/head_3.json" with { type: "json" };

const HEAD: Head = {
  revision: 7,
  current: 2,
  oldest: 2,
  highest: 3,
  maxVersions: 10,
  createdMs: 1_767_323_045_123,
  updatedMs: 1_767_323_045_124,
  expiresMs: 1_767_323_045_125,
  custom: JSON.parse('{"owner":"web","__proto__":"x"}'),
  versions: [
    {
      number: 2,
      createdMs: 1,
      author: "a",
      digest: new Uint8Array(32).fill(1),
      deleted: null,
      destroyed: null,
    },
    {
      number: 3,
      createdMs: 2,
      author: "\u{1f511}",
      digest: new Uint8Array(32).fill(2),
      deleted: { atMs: 3, by: "b" },
      destroyed: { atMs: 4, by: "c" },
    },
  ],
};

const NAMES = [
  ...["revision", "current", "highest", "versions", "author", "digest", "by"],
  ...["expires"],
];

const encode = (text: string) => new TextEncoder().encode(text);
const TEXT = new TextDecoder().decode(encodeHead(HEAD));

Deno.test("a head is read as it was written", () => {
  assert.deepEqual(decodeHead(encodeHead(HEAD)), HEAD);
  const purged = { ...HEAD, ...purgedHistory(HEAD) };
  assert.deepEqual(decodeHead(encodeHead(purged)), purged);
});

Deno.test("a head of which something has expired is not for programs that do not know of that", () => {
  const expired = { ...HEAD, expiredUpTo: 2 };
  const text = new TextDecoder().decode(encodeHead(expired));
  assert.match(text, /^\{"format":3,.*"expires":1767323045125,"expired":2,"custom"/);
  assert.deepEqual(decodeHead(encode(text)), expired);
  assert.match(TEXT, /^\{"format":2,/);
  assert.throws(() => decodeHead(encode(text.replace('"expired":2,', ""))), {
    code: "state_integrity_check",
  });
});

Deno.test("a head of format 3 is read and written as in the golden file", () => {
  const head = decodeHead(encode(golden.head));
  assert.deepEqual([head.expiredUpTo, head.current, head.expiresMs], [3, 4, null]);
  assert.equal(new TextDecoder().decode(encodeHead(head)), golden.head);
});

Deno.test("a head of a newer format is refused by its number", () => {
  for (const format of [0, 4]) {
    assert.throws(() => decodeHead(encode(TEXT.replace('"format":2', `"format":${format}`))), {
      code: "state_integrity_check",
      message: `Head has format ${format}, this program knows 1 to 3`,
    });
  }
});

Deno.test("a head with a member missing or of another type is refused by its name", () => {
  for (const name of NAMES) {
    for (const other of [`"${name}x":`, `"${name}":{},"x":`]) {
      assert.throws(() => decodeHead(encode(TEXT.replaceAll(`"${name}":`, other))), {
        code: "state_integrity_check",
        message: `Head has no usable member ${name}`,
      });
    }
  }
  const custom: [string, RegExp][] = [
    [TEXT.replace('"custom":', '"customx":'), / custom$/],
    [TEXT.replace('"owner":"web"', '"owner":1'), / owner$/],
  ];
  for (const [text, message] of custom) {
    assert.throws(() => decodeHead(encode(text)), { code: "state_integrity_check", message });
  }
  assert.throws(() => decodeHead(encode("null")), { code: "state_integrity_check" });
});
