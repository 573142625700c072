import assert from "node:assert/strict";
import { readAll, readHiddenLine, type Terminal } from "./input.ts";

/** A terminal on which `chunks` are typed; `raw` records how it was switched. */
function terminalOf(...chunks: string[]): Terminal & { raw: boolean[] } {
  const rest = chunks.map((chunk) => new TextEncoder().encode(chunk));
  const raw: boolean[] = [];
  return {
    raw,
    setRaw: (isRaw) => raw.push(isRaw),
    read: (into) => {
      const chunk = rest.shift();
      if (chunk === undefined) return Promise.resolve(null);
      into.set(chunk);
      return Promise.resolve(chunk.length);
    },
  };
}

Deno.test("a hidden line ends with return, and backspace takes back", async () => {
  const terminal = terminalOf("spi", "x\x7fke", ":1\r");
  assert.equal(await readHiddenLine(terminal), "spike:1");
  assert.deepEqual(terminal.raw, [true, false]);
});

Deno.test("Ctrl-C, Ctrl-D and the end of input interrupt, and the terminal shows text again", async () => {
  for (const chunks of [["abc\x03"], ["\x04"], ["abc"], []]) {
    const terminal = terminalOf(...chunks);
    await assert.rejects(readHiddenLine(terminal), { code: "interrupted" });
    assert.deepEqual(terminal.raw, [true, false]);
  }
  assert.equal(await readHiddenLine(terminalOf("abc\x04")), "abc");
});

Deno.test("reading all stops at the limit", async () => {
  const bytes = await readAll(new Blob(["12345"]).stream(), 5, "Input");
  assert.equal(bytes.length, 5);
  await assert.rejects(readAll(new Blob(["123456"]).stream(), 5, "Input"), {
    code: "data_invalid_input",
    message: "Input is longer than 5 bytes, at most that is allowed",
  });
});
