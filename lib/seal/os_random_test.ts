import assert from "node:assert/strict";
import { osRandom, RANDOM_DEVICE } from "./os_random.ts";

const root = new URL("../../", import.meta.url);

/** Runs `code`, which has `osRandom` as `r`, in a process of its own; its output is JSON. */
async function runChild(flags: string[], code: string): Promise<Record<string, unknown>> {
  const module = new URL("os_random.ts", import.meta.url).href;
  const source = `import { osRandom as r } from ${JSON.stringify(module)};\n${code}`;
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--config", new URL("deno.json", root).pathname],
      ...flags,
      "data:application/typescript," + encodeURIComponent(source),
    ],
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr, success } = await command.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("draws differ, and have the length that was asked for", () => {
  const drawn = Array.from({ length: 200 }, () => osRandom(16).toHex());
  assert.equal(new Set(drawn).size, 200);
  for (const length of [0, 1, 32, 70_000]) assert.equal(osRandom(length).length, length);
});

Deno.test("a thread that has lost every permission still draws", async () => {
  const code = `for (const name of ["read", "write", "net", "env", "run", "ffi", "sys"]) {
      Deno.permissions.revokeSync({ name });
    }
    console.log(JSON.stringify({ length: r(32).length, differ: r(32).toHex() !== r(32).toHex() }));`;
  const result = await runChild([`--allow-read=${RANDOM_DEVICE}`], code);
  assert.deepEqual(result, { length: 32, differ: true });
});

Deno.test("every draw asks the operating system, even where the runtime's generator repeats", async () => {
  const code = `crypto.getRandomValues = (bytes) => bytes.fill(7);
    Date.now = () => 1; performance.now = () => 1;
    console.log(JSON.stringify({ key: r(32).toHex() }));`;
  const flags = [`--allow-read=${RANDOM_DEVICE}`];
  const [a, b] = [await runChild(flags, code), await runChild(flags, code)];
  assert.notEqual(a["key"], b["key"]);
});

Deno.test("without the device nothing is drawn, and the error says why", async () => {
  const code = `try { r(32); } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message }));
    }`;
  const { code: word, message } = await runChild([], code);
  assert.equal(word, "crypto_random_generation_failed");
  assert.match(String(message), /^Cannot read random bytes from \/dev\/urandom: Requires read/);
});
