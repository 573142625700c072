import assert from "node:assert/strict";
import type { NexusStatus } from "../../lib/api/mod.ts";
import type { KeeperProbe } from "../../lib/recovery/mod.ts";
import { decide, type Survey } from "./survey.ts";

type State = NexusStatus["state"];

function nexus(state: State, initialized: boolean): NexusStatus {
  return {
    version: "0",
    state,
    backend: "sqlite",
    initialized,
    keepers: [],
    threshold: 2,
    shares: 3,
    since: "",
  };
}

const EMPTY: KeeperProbe = { state: "empty" };
const UNCONFIRMED: KeeperProbe = { state: "unconfirmed" };
const CONFIRMED: KeeperProbe = { state: "confirmed" };
const SILENT = "silent";
const AWAY = "unreachable";

/** Nexus, keepers, forced: what is decided. */
const TABLE: [string, Survey["nexus"], Survey["keepers"], boolean, string][] = [
  ["nobody answers", undefined, [AWAY, AWAY, AWAY], false, "go"],
  ["keepers know no probes, Nexus is away", undefined, [SILENT, SILENT, SILENT], false, "refuse"],
  ["one knows no probes, Nexus is away", undefined, [EMPTY, UNCONFIRMED, SILENT], false, "refuse"],
  ["they know no probes, it is forced", undefined, [SILENT, SILENT, SILENT], true, "go"],
  ["keepers know no probes, Nexus waits", nexus("waiting", false), [SILENT, SILENT], false, "go"],
  ["all is new", nexus("waiting", false), [EMPTY, EMPTY, EMPTY], false, "go"],
  ["keepers are new, Nexus is away", undefined, [EMPTY, EMPTY, EMPTY], false, "go"],
  ["a run was killed half-way", nexus("waiting", false), [UNCONFIRMED, EMPTY, EMPTY], false, "go"],
  [
    "a run was killed before its proof",
    nexus("provisional", false),
    [UNCONFIRMED, UNCONFIRMED, UNCONFIRMED],
    false,
    "go",
  ],
  ["Nexus is ready", nexus("ready", true), [CONFIRMED, CONFIRMED, CONFIRMED], false, "done"],
  [
    "Nexus is ready and keepers are new",
    nexus("ready", true),
    [EMPTY, EMPTY, EMPTY],
    false,
    "done",
  ],
  [
    "Nexus is ready and the run is forced",
    nexus("ready", true),
    [CONFIRMED, CONFIRMED, CONFIRMED],
    true,
    "done",
  ],
  [
    "Nexus has a database and no key",
    nexus("waiting", true),
    [EMPTY, EMPTY, EMPTY],
    false,
    "refuse",
  ],
  [
    "Nexus has a database and no key, forced",
    nexus("waiting", true),
    [EMPTY, EMPTY, EMPTY],
    true,
    "refuse",
  ],
  ["one keeper is confirmed, Nexus is away", undefined, [EMPTY, CONFIRMED, AWAY], false, "done"],
  [
    "one keeper is confirmed, Nexus waits",
    nexus("waiting", false),
    [EMPTY, CONFIRMED, EMPTY],
    false,
    "done",
  ],
  [
    "one keeper is confirmed, forced",
    nexus("waiting", false),
    [EMPTY, CONFIRMED, EMPTY],
    true,
    "go",
  ],
  [
    "the database is lost",
    nexus("database_lost", false),
    [CONFIRMED, CONFIRMED, CONFIRMED],
    false,
    "refuse",
  ],
  [
    "the database is lost, forced",
    nexus("database_lost", false),
    [CONFIRMED, CONFIRMED, CONFIRMED],
    true,
    "go",
  ],
  [
    "the database was lost, and the keepers restarted",
    nexus("database_lost", false),
    [EMPTY, EMPTY, EMPTY],
    false,
    "go",
  ],
];

for (const [sentence, nexusStatus, keepers, isForced, kind] of TABLE) {
  Deno.test(`when ${sentence}, Bootstrap decides: ${kind}`, () => {
    const decision = decide({ nexus: nexusStatus, keepers, isForced });
    assert.equal(decision.kind, kind);
    if (decision.kind === "done") assert.match(decision.why, /nothing was changed$/);
    if (decision.kind === "refuse") {
      assert.equal(decision.error.code, "state_already_initialized");
      assert.ok(decision.error.hint);
    }
  });
}

Deno.test("the keepers that stand in the way are named by position", () => {
  const keepers = [CONFIRMED, EMPTY, CONFIRMED];
  const done = decide({ nexus: undefined, keepers, isForced: false });
  assert.ok(done.kind === "done" && /^Keepers 1, 3 /.test(done.why));
  const refused = decide({ nexus: nexus("database_lost", false), keepers, isForced: false });
  assert.ok(refused.kind === "refuse" && /^Keepers 1, 3 /.test(refused.error.message));
});
