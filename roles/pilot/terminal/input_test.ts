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

Deno.test("backspace takes back whole characters, and Ctrl-U all", async () => {
  assert.equal(await readHiddenLine(terminalOf("a\u00e9\x7fb\u{1f600}\x7f\x7f\x7f\x7fz\r")), "z");
  assert.equal(await readHiddenLine(terminalOf("wrong\x15right\r\n")), "right");
});

Deno.test("what a hidden line cannot hold is refused, and the terminal shows text again", async () => {
  const table = [
    ["-----BEGIN\nMII=\n", "The typed input has more than one line; nothing was sent"],
    ["abc\x1b[D", "The typed input holds a control character; nothing was sent"],
    ["a\0b\r", "The typed input holds a control character; nothing was sent"],
  ] as const;
  for (const [typed, message] of table) {
    const terminal = terminalOf(typed);
    await assert.rejects(readHiddenLine(terminal), { code: "data_invalid_input", message });
    assert.deepEqual(terminal.raw, [true, false]);
  }
  const latin1: Terminal = {
    setRaw: () => {},
    read: (into) => {
      into.set([0xe9, 0x0d]);
      return Promise.resolve(2);
    },
  };
  await assert.rejects(readHiddenLine(latin1), {
    message: "The typed input is not valid UTF-8 text",
  });
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
