import assert from "node:assert/strict";
import { decodeHead, encodeHead, type Head } from "./head.ts";
import { purgedHistory } from "./version.ts";

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

Deno.test("a head of a newer format is refused by its number", () => {
  for (const format of [0, 3]) {
    assert.throws(() => decodeHead(encode(TEXT.replace('"format":2', `"format":${format}`))), {
      code: "state_integrity_check",
      message: `Head has format ${format}, this program knows 1 to 2`,
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
