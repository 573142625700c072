import assert from "node:assert/strict";
import fc from "fast-check";
import { SpikeError } from "../error/error.ts";
import { formatShard, parseShard } from "./text.ts";

const HEX = "af236f32fa2a813f8bcb40fbaf87b2f4ded823a83c257443fea67d20d4c431e9";

Deno.test("what was written is read back", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 255 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (index, bytes) => {
        const text = formatShard({ index, bytes });
        assert.match(text, /^spike:[0-9]{1,3}:[0-9a-f]{64}$/);
        assert.deepEqual(parseShard(text), { index, bytes });
      },
    ),
  );
});

Deno.test("any case and white space around are accepted", () => {
  const expected = parseShard(`spike:7:${HEX}`);
  assert.equal(expected.bytes.toHex(), HEX);
  for (const text of [`SPIKE:7:${HEX.toUpperCase()}`, ` \t spike:7:${HEX}\r\n`, `Spike:7:${HEX}`]) {
    assert.deepEqual(parseShard(text), expected);
  }
});

Deno.test("what is wrong is said precisely and never shows the shard", () => {
  const cases: [string, string][] = [
    ["", "Shard has 1 parts separated by colons, expected 3"],
    [HEX, "Shard has 1 parts separated by colons, expected 3"],
    [`spike:${HEX}`, "Shard has 2 parts separated by colons, expected 3"],
    [`spike:1:${HEX}:1`, "Shard has 4 parts separated by colons, expected 3"],
    [`shard:1:${HEX}`, 'Shard does not start with "spike:"'],
    [`${HEX}:1:spike`, 'Shard does not start with "spike:"'],
    [`spike:${HEX}:1`, "Shard index is not valid, expected a number from 1 to 255"],
    [`spike:0:${HEX}`, "Shard index is not valid, expected a number from 1 to 255"],
    [`spike:01:${HEX}`, "Shard index is not valid, expected a number from 1 to 255"],
    [`spike:-1:${HEX}`, "Shard index is not valid, expected a number from 1 to 255"],
    [`spike:256:${HEX}`, "Shard index is 256, expected a number from 1 to 255"],
    [`spike:1:${HEX}0`, "Shard's value is 65 characters long, expected 64"],
    [`spike:1:${HEX.slice(1)}`, "Shard's value is 63 characters long, expected 64"],
    [
      `spike:1:${HEX.slice(0, 9)}x${HEX.slice(10)}`,
      "Character 10 of the shard's value is not hexadecimal",
    ],
    [`spike:1: ${HEX.slice(1)}`, "Character 1 of the shard's value is not hexadecimal"],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseShard(text), { code: "data_invalid_input", message }, message);
  }
});

Deno.test("no error repeats six characters of the value, whatever was mistyped", () => {
  const garbled = fc.tuple(fc.nat(70), fc.string({ maxLength: 3 })).map(([at, insert]) => {
    const text = `spike:3:${HEX}`;
    return text.slice(0, at) + insert + text.slice(at + 1);
  });
  fc.assert(fc.property(garbled, (text) => {
    try {
      parseShard(text);
    } catch (error) {
      assert.ok(error instanceof SpikeError);
      const said = `${error.message} ${error.hint}`;
      for (let i = 0; i + 6 <= HEX.length; i++) assert.ok(!said.includes(HEX.slice(i, i + 6)));
    }
  }));
});

Deno.test("only root-key-sized shards have a text form", () => {
  assert.throws(() => formatShard({ index: 1, bytes: new Uint8Array(31) }), TypeError);
  assert.throws(() => formatShard({ index: 0, bytes: new Uint8Array(32) }), SpikeError);
});
