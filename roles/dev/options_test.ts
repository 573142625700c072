import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/error.ts";
import {
  directoryOf,
  durationFlag,
  integerFlag,
  noWords,
  parseOptions,
  required,
} from "./options.ts";

const SHAPE = { flags: ["dir", "ttl", "workers"], switches: ["keep"] };

function refusal(work: () => unknown): SpikeError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof SpikeError, String(error));
    return error;
  }
  assert.fail("nothing was refused");
}

Deno.test("flags, switches and words are told apart", () => {
  const given = parseOptions(["nexus", "--dir", "/a", "--ttl=10s", "--keep"], SHAPE);
  assert.deepEqual(given.flags, { dir: "/a", ttl: "10s" });
  assert.deepEqual([...given.switches], ["keep"]);
  assert.deepEqual(given.words, ["nexus"]);
});

Deno.test("an unknown flag, a missing value and a superfluous word are usage errors", () => {
  for (const args of [["--nope"], ["--dir"], ["--keep=yes"]]) {
    assert.equal(refusal(() => parseOptions(args, SHAPE)).code, "usage");
  }
  assert.match(refusal(() => noWords(parseOptions(["what"], SHAPE))).message, /"what"/);
});

Deno.test("values of flags are checked by the kinds of the settings", () => {
  const given = parseOptions(["--ttl", "10s", "--workers", "2"], SHAPE);
  assert.equal(durationFlag(given, "ttl"), 10_000);
  assert.equal(integerFlag(given, "workers", 0, 64), 2);
  assert.equal(durationFlag(parseOptions([], SHAPE), "ttl"), undefined);
  const bad = parseOptions(["--ttl", "500ms", "--workers", "65"], SHAPE);
  assert.match(refusal(() => durationFlag(bad, "ttl")).message, /--ttl is "500ms"/);
  assert.match(refusal(() => integerFlag(bad, "workers", 0, 64)).message, /0 to 64/);
});

Deno.test("a missing flag is named, with an example", () => {
  const error = refusal(() => required(parseOptions([], SHAPE), "dir", "./dev"));
  assert.match(error.message, /--dir is missing/);
  assert.match(error.hint ?? "", /--dir \.\/dev/);
});

Deno.test("the directory is --dir, else below the XDG state directory, else below the home directory", () => {
  const of = (args: string[], env: Record<string, string>) =>
    directoryOf(parseOptions(args, SHAPE), env);
  const env = { XDG_STATE_HOME: "/state", HOME: "/home/a" };
  assert.equal(of(["--dir", "/x/../y"], env), "/y");
  assert.equal(of([], env), "/state/spike/dev");
  assert.equal(of([], { ...env, XDG_STATE_HOME: "relative" }), "/home/a/.local/state/spike/dev");
  assert.equal(of([], { HOME: "/home/a" }), "/home/a/.local/state/spike/dev");
  assert.equal(refusal(() => of([], {})).code, "usage");
  assert.equal(refusal(() => of(["--dir", ""], env)).code, "usage");
});
