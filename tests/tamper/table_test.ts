import assert from "node:assert/strict";
import { TAMPER, withTable } from "../../scripts/write_docs.ts";
import type { Attack } from "./attack.ts";
import { ALL_ATTACKS, ATTACKS } from "./attacks.ts";
import type { Observation } from "./observe.ts";
import { PATHS, POLICIES } from "./plan.ts";
import { tamperTables } from "./table.ts";

Deno.test("the page about tampering says what the tests try", () => {
  const page = Deno.readTextFileSync(TAMPER);
  const hint = "run: deno run --allow-read --allow-write scripts/write_docs.ts";
  assert.equal(page, withTable(page, tamperTables()), hint);
});

/** A store about which every answer is good. */
const GOOD: Observation = Object.fromEntries([
  ["start", "ready"],
  ["shards", "as before"],
  ...PATHS.flatMap((path) =>
    [`get ${path}`, `get ${path}@1`, `put ${path}`].map((name) => [name, "good"])
  ),
  ...POLICIES.flatMap((name) => [[`policy ${name}`, "good"], [`put policy ${name}`, "good"]]),
]);

/** Who refuses, told from what is expected. */
function refusers({ stopped }: Attack): string[] {
  const seen = stopped(GOOD);
  const refused = Object.keys(seen).filter((name) =>
    /^\w+: |^database_lost$/.test(seen[name] ?? "")
  );
  const kinds = refused.map((name) => name.split(" ")[0] ?? "");
  return [...new Set(kinds)];
}

Deno.test("an attack is listed under the first who refuses something because of it", () => {
  for (const attack of Object.values(ATTACKS).flat()) {
    const { name, detector } = attack;
    const refusing = refusers(attack);
    if (detector === "read") assert.ok(/get|polic/.test(refusing.join(" ")), name);
    else if (detector === "write") assert.deepEqual(refusing, ["put"], name);
    else if (detector !== "start") assert.deepEqual(refusing, [], name);
    if (detector === "harmless") assert.deepEqual(attack.stopped(GOOD), GOOD, name);
  }
});

Deno.test("every attack has a name of its own and says what is seen", () => {
  const all = Object.values(ALL_ATTACKS).flat();
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  assert.ok(
    all.every(({ name, seen }) => name !== "" && seen !== "" && !/[|\n]/.test(name + seen)),
  );
});
