/**
 * What one identity can do to the others: `deno task test:overload`. A caller reads a secret again and again, one
 * request after the other, from a Nexus without request workers; meanwhile another identity does its worst. Nexus has
 * the first core; caller and attacker are processes of their own on the second, where the caller comes first, since an
 * attacker would have a machine of its own. Quiet and loaded
 * phases take turns, so that whatever else the machine does is in both. Ends by itself after some minutes, with exit
 * code 1 if a 99th percentile more than doubled. `--only KIND` tries one kind; `--write` puts the figures into
 * docs/reliability.md.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { withSection } from "../../scripts/doc_section.ts";
import { ROOT } from "../../scripts/source_files.ts";
import type { Caller, Identity } from "../contract/identity.ts";
import { send } from "../contract/pair.ts";
import { type Scene, startScene } from "../contract/scene.ts";
import type { Kind, Orders } from "./attack.ts";
import type { Errand } from "./probe.ts";
import { type Latencies, type Measured, ratio, toTable } from "./figures.ts";

const PATHS = { small: "overload/small", large: "overload/large" };
/** Of each phase. */
const REQUESTS = 700;
const WARM_UP = 100;
/** Phases of each sort for each attack. */
const ROUNDS = 3;
/** A phase is over then, with however many requests it has. */
const MEASURE_MS = 20_000;
/** An attack ends by itself then: the longest takes long to get into force. */
const MOST_MS = 180_000;
/** The caller comes before the attack on the core that they share: an attacker has a machine of its own. */
const ATTACK_NICE = 15;
/** The server has the first core, those who call it the second. */
const CALLERS_CORE = ["taskset", "-c", "1"];
/** Of ten identities, so that the limit for each is not what is measured. */
const IDLE = 10_000;

type Attack = readonly [what: string, kind: Kind, connections: number];

/** What goes on meanwhile. */
const ATTACKS: readonly Attack[] = [
  ["N heads that never end, a byte a second", "slow heads", 500],
  ["heads and bodies without end, on N connections", "oversized", 8],
  ["N connections that ask for 512 KiB, eight times each, and never read", "never reading", 50],
  ["a flood: N connections with 8 requests each in the pipe", "flood", 64],
  ["N connections of ten identities that ask once in 25 seconds", "idle", IDLE],
];

async function prepare(scene: Scene): Promise<void> {
  const put = async (at: string, body: unknown) => {
    const { status } = await send(scene, { as: "superuser", at, body });
    if (status !== 200) throw new Error(`${at} answered ${status}`);
  };
  await put("/v1/store/secrets", { path: PATHS.small, values: { k: "v".repeat(256) } });
  await put("/v1/store/secrets", { path: PATHS.large, values: { k: "v".repeat(512 * 1024) } });
  await put("/v1/acl/policy", {
    name: "overload",
    spiffeidPattern: "^spiffe://spike\\.ist/workload/.*$",
    pathPattern: "^overload/.*$",
    permissions: ["read"],
  });
}

/** A process of the suite on the second core, which gets its orders from its standard input. */
function start(script: string, nice: number, orders: Orders | Errand): Deno.ChildProcess {
  const path = new URL(script, import.meta.url).pathname;
  const child = new Deno.Command("nice", {
    args: ["-n", `${nice}`, ...CALLERS_CORE, Deno.execPath(), "run", "-A", "--quiet", path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  void writer.write(new TextEncoder().encode(JSON.stringify(orders))).then(() => writer.close());
  return child;
}

async function measure(scene: Scene, what: string): Promise<number[]> {
  const child = start("./probe.ts", 0, {
    port: await scene.port("nexus"),
    identity: await scene.identities.of("operator"),
    path: PATHS.small,
    warmUp: WARM_UP,
    requests: REQUESTS,
    mostMs: MEASURE_MS,
  });
  const { success, stdout } = await child.output();
  const latencies: number[] = success ? JSON.parse(new TextDecoder().decode(stdout)) : [];
  if (latencies.length === 0) throw new Error(`Not a single request in time: ${what}`);
  return latencies;
}

async function identitiesFor(scene: Scene, kind: Kind): Promise<Identity[]> {
  const one: Caller = "tenant";
  if (kind !== "idle") return [await scene.identities.of(one)];
  return await Promise.all(
    Array.from(
      { length: 10 },
      (_, i) => scene.identities.issue({ id: `spiffe://spike.ist/workload/idle/${i}` }),
    ),
  );
}

/** Measures while the attack is in force; answers how many connections it holds, too. */
async function under(
  scene: Scene,
  orders: Orders,
  what: string,
): Promise<{ held: string; latencies: number[] }> {
  const child = start("./attack.ts", ATTACK_NICE, orders);
  try {
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    const held = new TextDecoder().decode(value).trim();
    if (!/^[1-9]\d*$/.test(held)) throw new Error(`The attack "${what}" did not come into force`);
    return { held, latencies: await measure(scene, what) };
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await child.status;
  }
}

/** Quiet and attack in turns, beginning and ending with quiet. */
async function compare(scene: Scene, [what, kind, connections]: Attack): Promise<Measured> {
  const identities = await identitiesFor(scene, kind);
  const port = await scene.port("nexus");
  const orders = { kind, port, identities, connections, paths: PATHS, mostMs: MOST_MS };
  const quiet = await measure(scene, "nothing");
  const loaded: number[] = [];
  let most = "";
  for (let round = 0; round < ROUNDS; round++) {
    const { held, latencies } = await under(scene, orders, what);
    most = held;
    loaded.push(...latencies);
    quiet.push(...await measure(scene, "nothing"));
  }
  return { what: what.replace("N", most), quiet: ascending(quiet), loaded: ascending(loaded) };
}

function ascending(latencies: readonly number[]): Latencies {
  return latencies.toSorted((a, b) => a - b);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: "string" }, write: { type: "boolean" } },
  });
  const attacks = ATTACKS.filter(([, kind]) => values.only === undefined || kind === values.only);
  await using scene = await startScene(0);
  await prepare(scene);
  // All threads of it.
  const pinning = ["-a", "-p", "-c", "0", String(await scene.pid("nexus"))];
  await new Deno.Command("taskset", { args: pinning, stdout: "null" }).output();
  const rows: Measured[] = [];
  for (const attack of attacks) {
    rows.push(await compare(scene, attack));
    console.log(toTable(rows).split("\n").at(-1));
  }
  if (values.write) {
    const page = join(ROOT, "docs/reliability.md");
    Deno.writeTextFileSync(
      page,
      withSection(Deno.readTextFileSync(page), "overload", toTable(rows)),
    );
  }
  const doubled = rows.filter((row) => ratio(row) > 2);
  for (const { what } of doubled) console.error(`More than doubled: ${what}`);
  if (doubled.length > 0) Deno.exitCode = 1;
}

if (import.meta.main) await main();
