/**
 * One byte of a database is changed, each in turn. Everything then reads as it was stored, or is refused by its name;
 * what is gone from sight is named by the comparison with the audit log that `spike operator verify` makes; or the
 * whole file is refused. No other value is ever shown, and nothing is thrown that is no refusal.
 */
import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/error.ts";
import { type Running, start } from "../tamper/scene.ts";
import { seeded } from "./power_loss.ts";
import { recordRun } from "./result.ts";
import {
  ABSENT,
  lay,
  makeStill,
  readEverything,
  type Reading,
  Refusal,
  type Still,
} from "./still.ts";

/** Every byte with 1; each n-th with n. */
const STRIDE = Number(Deno.env.get("SPIKE_CORRUPTION_STRIDE") ?? 1);
const SEED = Number(Deno.env.get("SPIKE_CRASH_SEED") ?? Math.floor(Math.random() * 2 ** 32));
/** Of databases in service, and the smallest there are. */
const PAGES = [4096, 512];

const OUTCOMES = [
  "harmless",
  "whole file refused",
  "record refused by its name",
  "record gone, and named by verify",
  "named by verify alone",
] as const;
type Outcome = (typeof OUTCOMES)[number];

for (const pageBytes of PAGES) {
  const what = `pages of ${pageBytes} bytes`;
  Deno.test(`no changed byte shows a wrong value, ${what} (SPIKE_CRASH_SEED=${SEED})`, async () => {
    await using still = await makeStill(pageBytes);
    const path = `${still.scene.dir}/flipped.db`;
    const stored = await readStored(path, still);
    const draw = seeded(SEED);
    const tally = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
    let changed = 0;
    const wrong: string[] = [];
    for (let at = Math.floor(draw() * STRIDE); at < still.database.length; at += STRIDE) {
      const mask = 1 << Math.floor(draw() * 8);
      const outcome = await flip(path, still, { at, mask }, stored).catch((error) =>
        wrong.push(`byte ${at} changed by ${mask}: ${error}`)
      );
      changed++;
      if (typeof outcome === "string") tally[outcome] = (tally[outcome] ?? 0) + 1;
    }
    recordRun(`changed bytes, ${what}`, {
      "bytes of the file": still.database.length,
      changed,
      ...tally,
      wrong: wrong.length,
    });
    assert.deepEqual(wrong, []);
    assert.ok(tally["harmless"] && tally["whole file refused"]);
    assert.ok(tally["record refused by its name"]);
  });
}

async function readStored(path: string, still: Still): Promise<Reading> {
  lay(path, still, still.database);
  const system = await start(path, still.scene.shards);
  try {
    assert.equal((await system.verify()).findings, 0);
    return await readEverything(system, still.scene);
  } finally {
    await system.close();
  }
}

interface Change {
  readonly at: number;
  readonly mask: number;
}

/** Changes one byte and looks at everything. Throws what must not be. */
async function flip(
  path: string,
  still: Still,
  { at, mask }: Change,
  stored: Reading,
): Promise<Outcome> {
  const changed = still.database.slice();
  changed[at] = (changed[at] ?? 0) ^ mask;
  lay(path, still, changed);
  let system: Running;
  try {
    system = await start(path, still.scene.shards);
  } catch (error) {
    if (error instanceof SpikeError) return "whole file refused";
    throw error;
  }
  try {
    if (system.page.state !== "ready") return "whole file refused";
    const { refused, gone } = compare(await readEverything(system, still.scene), stored);
    const named = await namesOf(system);
    for (const record of gone) {
      assert.ok(named.has(record), `${record} is gone, verify: ${[...named]}`);
    }
    if (gone.length > 0) return "record gone, and named by verify";
    if (refused.length > 0) return "record refused by its name";
    return named.size > 0 ? "named by verify alone" : "harmless";
  } finally {
    await system.close();
  }
}

/** Records that are refused, and those that are not there any more. Throws for any other difference. */
function compare(found: Reading, stored: Reading): { refused: string[]; gone: string[] } {
  const [refused, gone]: [string[], string[]] = [[], []];
  for (const [record, answers] of stored) {
    for (const [question, before] of answers) {
      const now = found.get(record)?.get(question);
      if (now instanceof Refusal) {
        const name = record.split(" ").at(-1) ?? "";
        assert.match(now.text, new RegExp(`\\b${name}\\b|Database`), `${record}, ${question}`);
        refused.push(record);
      } else if (now === ABSENT && before !== ABSENT) gone.push(record);
      else if (record === "the listings") gone.push(...missing(question, now, before));
      else assert.equal(now, before, `${record}, ${question}`);
    }
  }
  // What is refused by its name may be left out of a listing.
  return { refused, gone: [...new Set(gone)].filter((record) => !refused.includes(record)) };
}

const KINDS: Readonly<Record<string, string>> = {
  paths: "Secret",
  policies: "Policy",
  "cipher keys": "Cipher key",
};

/** What is listed no more, or was not before. */
function missing(
  listing: string,
  now: string | Refusal | undefined,
  before: string | Refusal,
): string[] {
  const [is, was] = [now, before].map((text) =>
    JSON.parse(String(text)).map((entry: unknown) => JSON.stringify(entry)) as string[]
  ) as [string[], string[]];
  const differing = [
    ...is.filter((one) => !was.includes(one)),
    ...was.filter((one) => !is.includes(one)),
  ];
  return differing.map((entry) => {
    const listed = JSON.parse(entry);
    return `${KINDS[listing]} ${typeof listed === "string" ? listed : listed.path}`;
  });
}

const ROWS = {
  head: "Secret",
  policy: "Policy",
  keyHead: "Cipher key",
  key: "Key",
  store: "Row of the store itself,",
} as const;

/** What `spike operator verify` would name; everything, if it refuses. */
async function namesOf(
  system: Running,
): Promise<{ has(record: string): boolean; size: number } & Iterable<string>> {
  try {
    const { rows, logs } = await system.verify();
    const names = rows.map(({ kind, name }) => `${ROWS[kind]} ${name}`);
    const damaged = logs.filter((log) => "missing" in log || log.findings.length > 0);
    return new Set([...names, ...damaged.map(({ log }) => `Audit log ${log}`)]);
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    return Object.assign(new Set([error.message]), { has: () => true });
  }
}
