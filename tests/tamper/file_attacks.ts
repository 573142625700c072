import {
  all,
  type Attack,
  everyPutRefused,
  noStart,
  nothing,
  only,
  type Outcome,
  pathGone,
} from "./attack.ts";
import { POLICIES } from "./plan.ts";
import { FORMAT_VERSION } from "../../lib/store/sqlite_schema.ts";

const UNTOUCHED = "Nexus does not start, says why, and leaves the file as it is";
const LAID_OUT = `${UNTOUCHED}; a system that runs refuses writes`;
const damaged = noStart("state_integrity_check: Database spike.db is damaged");
const lost = noStart("database_lost");

/** All paths and policies as they were when the earlier copy was taken. */
const rolledBack: Outcome = all(
  only({
    "get grown": "grown@2",
    "get grown@3": "no such version",
    "metadata grown": "current 2 of 1 2",
    "put grown": "version 3",
    "get hidden": "hidden@2",
    "get hidden@2": "hidden@2",
    "metadata hidden": "current 2 of 1 2",
    "get pruned": "pruned@3",
    "get pruned@1": "pruned@1",
    "get pruned@4": "no such version",
    "metadata pruned": "current 3 of 1 2 3",
    "put pruned": "version 4",
    policies: "apps dropped narrowed teams",
    "policy narrowed": "read write at ^grown$",
    "write at grown": "by narrowed",
    "policy dropped": "read at ^hidden$",
    "read at hidden": "by dropped",
  }),
  pathGone("new", "version 1"),
);

/** What a read says that finds no longer what it was prepared for. */
const OTHER_LAYOUT =
  "state_integrity_check: Database spike.db holds another schema than when it was opened";

/** Of a system that runs: decisions, and names, are those it has in memory. */
const policiesLost: Outcome = only(
  Object.fromEntries(POLICIES.map((name) => [`policy ${name}`, OTHER_LAYOUT])),
);

function laidOut(difference: string): string {
  return `state_integrity_check: Database spike.db does not have the expected schema: ${difference}`;
}

/** What follows from another layout; a system that runs may have read some of it before. */
function layoutChanged(
  difference: string,
  ofReads: Outcome = nothing,
): { stopped: Outcome; running: Outcome } {
  const refusal = laidOut(difference);
  return { stopped: noStart(refusal), running: all(ofReads, everyPutRefused(refusal)) };
}

/** Attacks on the database file as a whole, and on what makes it ours. */
export const FILE_ATTACKS: readonly Attack[] = [
  {
    name: "the whole file replaced by an earlier copy of itself",
    detector: "outside",
    seen: "the state of the earlier copy is served; writes go on from there",
    attack: ({ store, earlier }) => Deno.copyFileSync(earlier, store),
    stopped: rolledBack,
  },
  {
    name: "the whole file replaced by a copy that was written on its own",
    detector: "outside",
    seen: "the other copy's state is served; writes go on from there",
    attack: ({ store, fork }) => Deno.copyFileSync(fork, store),
    stopped: all(
      rolledBack,
      only({
        "get grown": "of the fork",
        "get grown@3": "of the fork",
        "metadata grown": "current 3 of 1 2 3",
        "put grown": "version 4",
      }),
    ),
  },
  {
    name: "the whole file replaced by another store",
    detector: "start",
    seen: "no shards give a key that fits the store: Nexus goes on asking, and answers 503",
    attack: ({ store, foreign }) => Deno.copyFileSync(foreign, store),
    stopped: noStart("waiting: no-match"),
  },
  {
    name: "the file removed",
    detector: "start",
    seen: "the database counts as lost: keepers name a store that is not there; 503",
    attack: ({ store }) => Deno.removeSync(store),
    stopped: lost,
  },
  {
    name: "the file emptied",
    detector: "start",
    seen: "the database counts as lost: keepers name a store that is not there; 503",
    attack: ({ store }) => Deno.truncateSync(store),
    stopped: lost,
  },
  {
    name: "the file cut short",
    detector: "start",
    seen: UNTOUCHED,
    attack: ({ store }) => Deno.truncateSync(store, 20_000),
    stopped: damaged,
  },
  {
    name: "the file overwritten with something else",
    detector: "start",
    seen: UNTOUCHED,
    attack: ({ store }) => Deno.writeTextFileSync(store, "no database\n".repeat(1_000)),
    stopped: damaged,
  },
  {
    name: "number of the format raised",
    detector: "start",
    seen: UNTOUCHED,
    attack: "PRAGMA user_version = 999",
    stopped: noStart(
      `store_invalid_configuration: Database spike.db has format 999, this program knows 1 to ${FORMAT_VERSION}`,
    ),
    running: nothing,
  },
  {
    name: "marked as another program's",
    detector: "start",
    seen: UNTOUCHED,
    attack: "PRAGMA application_id = 1",
    stopped: noStart(
      "store_invalid_configuration: Database spike.db belongs to another program (application id 1)",
    ),
    running: nothing,
  },
  {
    name: "number of the format put back",
    detector: "start",
    seen: UNTOUCHED,
    attack: "PRAGMA user_version = 1",
    stopped: noStart(laidOut('table "audit_logs" was added')),
    running: nothing,
  },
  {
    name: "a trigger added that swallows changes of heads",
    detector: "start",
    seen: LAID_OUT,
    attack: "CREATE TRIGGER t BEFORE UPDATE ON heads BEGIN SELECT RAISE(IGNORE); END",
    ...layoutChanged('trigger "t" was added'),
  },
  {
    name: "a trigger added that keeps versions from being removed",
    detector: "start",
    seen: LAID_OUT,
    attack: "CREATE TRIGGER t BEFORE DELETE ON versions BEGIN SELECT RAISE(IGNORE); END",
    ...layoutChanged('trigger "t" was added'),
  },
  {
    name: "a table exchanged for a view of its rows",
    detector: "start",
    seen: `${LAID_OUT}, and listings`,
    attack: "CREATE TABLE rows AS SELECT * FROM heads; DROP TABLE heads; " +
      "CREATE VIEW heads AS SELECT * FROM rows",
    ...layoutChanged('table "rows" was added', only({ list: OTHER_LAYOUT })),
  },
  {
    name: "a column added",
    detector: "start",
    seen: LAID_OUT,
    attack: "ALTER TABLE heads ADD COLUMN more TEXT",
    ...layoutChanged('table "heads" was changed'),
  },
  {
    name: "an index added",
    detector: "start",
    seen: LAID_OUT,
    attack: "CREATE UNIQUE INDEX i ON heads (revision)",
    ...layoutChanged('index "i" was added'),
  },
  {
    name: "a table removed",
    detector: "start",
    seen: `${LAID_OUT}, and reads of that table`,
    attack: "DROP TABLE policies",
    ...layoutChanged('table "policies" was removed', policiesLost),
  },
];
