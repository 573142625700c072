import assert from "node:assert/strict";
import { SpikeError } from "../../../lib/error/error.ts";
import type { NexusStatus } from "../../../lib/api/status.ts";
import { loadSettings } from "../../../lib/config/mod.ts";
import { createAuthority } from "../../../lib/authority/authority.ts";
import { MemorySource, parseSpiffeId, parseTrustDomain } from "../../../lib/spiffe/mod.ts";
import { type Examination, examine } from "./examine.ts";
import { checkSocket, type FileFacts, type Machine } from "./machine.ts";
import { REAL_MACHINE } from "./real_machine.ts";

const DOMAIN = parseTrustDomain("spike.ist");
const NOW_MS = Date.parse("2026-01-02T03:04:05Z");
const HOUR_MS = 3_600_000;
const SUPERUSER = "spike/pilot/role/superuser";
const authority = await createAuthority({ trustDomain: DOMAIN, clock: () => NOW_MS });

const STATUS: NexusStatus = {
  version: "1.2.3",
  state: "ready",
  backend: "sqlite",
  initialized: true,
  keepers: [1, 2, 3].map((index) => ({ index, url: `https://k${index}:8554`, state: "ok" })),
  threshold: 2,
  shares: 3,
  since: "2026-01-01T00:00:00Z",
  memoryLocked: true,
  recovery: { exported: true, exportedAt: "2026-01-01T00:00:00Z" },
  backup: { at: "2026-01-01T00:00:00Z", revision: 7, bytes: 94_208, sha256: "00".repeat(32) },
};

interface World {
  readonly path?: string;
  readonly nowMs?: number;
  readonly bundles?: Map<typeof DOMAIN, readonly Uint8Array[]>;
  readonly env?: Record<string, string>;
  readonly files?: Record<string, Partial<FileFacts>>;
  readonly status?: Partial<NexusStatus>;
  readonly date?: string;
  readonly group?: string;
  readonly machine?: Partial<Machine>;
  /** Nexus answers that it does not tell its status. */
  readonly isDenied?: true;
  readonly deps?: Partial<Examination["deps"]>;
}

const SOCKET = "/run/agent.sock";

/** All findings in a world where everything is well but for what is given, as `level check: detail`. */
async function find(world: World = {}): Promise<Map<string, string>> {
  const env = { HOME: "/home/ada", SPIFFE_ENDPOINT_SOCKET: `unix://${SOCKET}`, ...world.env };
  const settings = loadSettings({ role: "pilot", env });
  const svid = await authority.issue(
    parseSpiffeId(`spiffe://${DOMAIN}/${world.path ?? SUPERUSER}`),
    HOUR_MS,
  );
  const source = new MemorySource();
  source.set(svid, world.bundles ?? new Map([[DOMAIN, authority.anchors()]]));
  const files: Record<string, Partial<FileFacts>> = {
    [SOCKET]: { kind: "socket" },
    ...world.files,
  };
  const answer = JSON.stringify({ ...STATUS, ...world.status });
  const found = await examine({
    settings,
    paths: { recoveryDir: "/home/ada/.spike/recover", dataDir: "/data", keyFile: "/key.pem" },
    clock: () => world.nowMs ?? NOW_MS,
    askKeyExchange: () => Promise.resolve("group" in world ? world.group : "x25519"),
    deps: {
      openSource: () => Promise.resolve(source),
      createTransport: () =>
        Promise.resolve({
          post: () =>
            Promise.resolve({
              status: world.isDenied ? 401 : 200,
              body: new TextEncoder().encode(
                world.isDenied ? '{"err":"access_unauthorized"}' : answer,
              ),
              headers: { date: world.date ?? new Date(NOW_MS).toUTCString() },
            }),
          close: () => Promise.resolve(),
        }),
      ...world.deps,
    },
    machine: {
      stat: (path) => {
        const facts = files[path];
        return Promise.resolve(facts && { kind: "file", mode: 0o600, isOwn: true, ...facts });
      },
      list: (dir) =>
        Promise.resolve(
          Object.keys(files).filter((path) => path.startsWith(`${dir}/`)).map((path) =>
            path.slice(dir.length + 1)
          ),
        ),
      reach: () => Promise.resolve(),
      lockMemory: () => Promise.resolve("ok"),
      ...world.machine,
    },
  });
  for (const { level, advice } of found) {
    if (level === "failure") assert.ok(advice, "a failure says what to do");
  }
  return new Map(found.map(({ check, level, detail }) => [check, `${level}: ${detail}`]));
}

Deno.test("where all is well, every line says ok", async () => {
  const found = await find({ files: { "/data": { kind: "directory", mode: 0o700 } } });
  assert.deepEqual([...found], [
    ["socket", "ok: unix:///run/agent.sock"],
    ["svid", "ok: spiffe://spike.ist/spike/pilot/role/superuser"],
    ["role", "ok: superuser"],
    ["expiry", "ok: 60 min left, until 2026-01-02T04:04:05.000Z"],
    ["bundle", "ok: 1 for spike.ist"],
    ["nexus", "ok: 1.2.3 at https://localhost:8553, sqlite store: ready"],
    ["keepers", "ok: 3 of 3 hold their shard, 2 are needed"],
    ["recovery shards", "ok: exported 2026-01-01T00:00:00Z"],
    ["backup", "ok: the last one is of 2026-01-01T00:00:00Z"],
    ["memory of Nexus", "ok: its keys are kept out of swap"],
    ["clock", "ok: agrees with that of Nexus"],
    [
      "key exchange",
      "ok: x25519, not post-quantum: this runtime asks for it first (docs/security.md)",
    ],
    ["file modes", "ok: 1 looked at"],
    ["memory locking", "ok: this user may lock memory"],
  ]);
});

Deno.test("a socket that is missing, is none or does not answer is told apart", async () => {
  const socketOf = async (world: World) => (await find(world)).get("socket") ?? "";
  assert.match(
    await socketOf({ env: { SPIFFE_ENDPOINT_SOCKET: "unix:///none" } }),
    /^failure: .*there is nothing$/,
  );
  const file = { files: { [SOCKET]: { kind: "file" as const } } };
  assert.match(await socketOf(file), /^failure: .*there is a file$/);
  const refused = { machine: { reach: () => Promise.reject(new Error("ECONNREFUSED")) } };
  assert.match(await socketOf(refused), /^failure: .*: ECONNREFUSED$/);
});

Deno.test("an address that is none says how one looks, not that the agent is to be started", async () => {
  for (const address of ["ftp://x", "unix://run/agent.sock", "tcp://localhost:1"]) {
    const env = { HOME: "/home/ada", SPIFFE_ENDPOINT_SOCKET: address };
    const settings = loadSettings({ role: "pilot", env });
    const { level, detail, advice } = await checkSocket(REAL_MACHINE, settings);
    assert.equal(level, "failure");
    assert.ok(detail.includes(address), detail);
    assert.match(advice ?? "", /unix:\/\//);
    assert.doesNotMatch(advice ?? "", /Start/);
  }
});

Deno.test("without an identity the rest is named as not checked, but for what needs none", async () => {
  const why = new SpikeError("spiffe_unable_to_fetch_x509_source", "No X.509-SVID: denied");
  const found = await find({ deps: { openSource: () => Promise.reject(why) } });
  assert.equal(found.get("svid"), "failure: No X.509-SVID: denied");
  const levels = [...found].map(([check, text]) => `${check}=${text.split(": ", 2).join(":")}`);
  const unchecked = levels.filter((text) => text.endsWith("warning:not checked"));
  assert.equal(unchecked.length, 10);
  assert.match(found.get("memory locking") ?? "", /^ok/);
});

Deno.test("an identity without a role, one that ends soon, has ended or has not begun is told", async () => {
  assert.match((await find({ path: "app" })).get("role") ?? "", /^warning: none/);
  const expiry = async (nowMs: number) => (await find({ nowMs })).get("expiry") ?? "";
  assert.match(await expiry(NOW_MS + HOUR_MS * 0.8), /^warning: 12 min left/);
  assert.match(
    await expiry(NOW_MS + HOUR_MS * 2),
    /^failure: the SVID has expired at 2026-.*05:04/,
  );
  assert.match(await expiry(NOW_MS - HOUR_MS), /^failure: the SVID is valid from 2026.*02:04:05/);
  const ended = await find({ nowMs: NOW_MS + HOUR_MS * 2 });
  assert.match(ended.get("bundle") ?? "", /^ok: /, "the authority is another matter");
});

Deno.test("an identity that is not told how Nexus is hears that it answers, and what else can be found", async () => {
  const found = await find({ path: "acme/web", isDenied: true });
  assert.match(
    found.get("nexus") ?? "",
    /^ok: answers at https:\/\/localhost:8553, and reports its /,
  );
  assert.equal(
    found.get("keepers"),
    "warning: not checked: Nexus does not report this to the identity",
  );
  assert.match(found.get("clock") ?? "", /^ok/);
  assert.match(found.get("key exchange") ?? "", /^ok/);
});

Deno.test("a bundle that is missing, or is another authority's, is a failure", async () => {
  const bundleOf = async (bundles: World["bundles"]) =>
    (await find({ ...(bundles && { bundles }) })).get("bundle") ?? "";
  assert.match(await bundleOf(new Map()), /^failure: there is none for spike\.ist$/);
  const other = await createAuthority({ trustDomain: DOMAIN, clock: () => NOW_MS });
  assert.match(
    await bundleOf(new Map([[DOMAIN, other.anchors()]])),
    /^failure: the own SVID does not hold/,
  );
  assert.match(
    await bundleOf(new Map([[DOMAIN, [...authority.anchors(), Uint8Array.of(1)]]])),
    /^warning: 2 for spike\.ist; 1 expired or unreadable$/,
  );
});

Deno.test("keepers, state, swap and clocks are judged by what Nexus answers", async () => {
  const [one, two, three] = STATUS.keepers;
  const keepers = (...states: NexusStatus["keepers"][number]["state"][]) =>
    [one, two, three].map((keeper, i) => ({
      ...keeper,
      state: states[i],
    })) as NexusStatus["keepers"];
  const of = async (check: string, world: World) => (await find(world)).get(check) ?? "";
  const keepersOf = (...states: Parameters<typeof keepers>) =>
    of("keepers", { status: { keepers: keepers(...states) } });
  assert.match(await keepersOf("ok", "ok", "empty"), /^warning: 2 of 3 .*; keeper 3 is empty$/);
  assert.match(await keepersOf("ok", "wrong", "empty"), /^failure: 1 of 3 .*keeper 2 is wrong/);
  assert.match(await keepersOf("ok", "unknown", "unknown"), /^ok: 1 of 3 .*; 2 not asked yet$/);
  assert.match(await of("nexus", { status: { state: "waiting" } }), /^failure: .*: waiting$/);
  const unexported = { status: { recovery: { exported: false } } };
  assert.match(await of("recovery shards", unexported), /^warning: .*never exported/);
  const neverBackedUp = { status: { backup: undefined } } as unknown as World;
  assert.match(await of("backup", neverBackedUp), /^warning: none is known/);
  const swapped = { status: { memoryLocked: false } };
  assert.match(await of("memory of Nexus", swapped), /^warning: .*swap$/);
  const skew = (ms: number) => of("clock", { date: new Date(NOW_MS + ms).toUTCString() });
  assert.match(await skew(-4_000), /^ok/);
  assert.match(await skew(-10_000), /^warning: 10 s ahead of Nexus: here it is 2026.*05.000Z/);
  assert.match(await skew(HOUR_MS * 3), /^failure: 3 h behind Nexus/);
  assert.match(await of("clock", { date: "yesterday" }), /^warning/);
  assert.match(await of("key exchange", { group: "X25519MLKEM768" }), /^ok: .*closed to quantum/);
});

Deno.test("files that others can read or that belong to others are named with their modes", async () => {
  const of = async (files: World["files"]) => (await find({ ...(files && { files }) }));
  const found = await of({
    "/key.pem": { mode: 0o640 },
    "/data": { kind: "directory", mode: 0o755 },
    "/data/spike.db": { mode: 0o600, isOwn: false },
  });
  assert.equal(
    found.get("file modes"),
    "failure: /key.pem has mode 0640, expected 0600; /data has mode 0755, expected 0700; " +
      "/data/spike.db belongs to another user",
  );
  const shards = await of({
    "/home/ada/.spike/recover": { kind: "directory", mode: 0o700 },
    "/home/ada/.spike/recover/shard.1": {},
  });
  assert.match(shards.get("file modes") ?? "", /^ok: 2 looked at$/);
  assert.match(shards.get("recovery files") ?? "", /^warning: .*holds files of recovery shards$/);
});

Deno.test("memory that cannot be locked is a warning", async () => {
  const found = await find({ machine: { lockMemory: () => Promise.resolve("ENOMEM") } });
  assert.equal(found.get("memory locking"), "warning: the system answers ENOMEM");
});
