import {
  all,
  type Attack,
  everyPutRefused,
  flipped,
  noStart,
  nothing,
  only,
  putsRefused,
} from "./attack.ts";
import { PLACES } from "./plan.ts";

const NO_MATCH = "no shards give a key that fits the store: Nexus goes on asking, and answers 503";
const SET_DAMAGED =
  "the key is there, but what the store says of its shard set is not what its holder wrote: Nexus says so and answers 503; keepers are given nothing";
const noMatch = noStart("waiting: no-match");
/** What was never written has no revision to be ahead with. */
const revisionRefused = putsRefused(
  (path) => `state_integrity_check: Head of ${path} has revision #, but the store is at #`,
  (name) => {
    const refusal = `state_integrity_check: Policy ${name} has revision #, but the store is at #`;
    return name === "dropped" ? {} : { [`put policy ${name}`]: refusal };
  },
);

const NO_COUNTER = "state_integrity_check: The revision counter of the store is missing";
const noPolicies = only({
  policies: NO_COUNTER,
  ...Object.fromEntries(
    Object.values(PLACES).flatMap((path) =>
      ["read", "write"].map((permission) => [`${permission} at ${path}`, NO_COUNTER])
    ),
  ),
});

/** Attacks on what a store says of itself in the clear: `meta` and `counter`. */
export const META_ATTACKS: readonly Attack[] = [
  {
    name: "store id edited",
    detector: "start",
    seen: NO_MATCH,
    attack: `UPDATE meta SET store_id = ${flipped("store_id", 3)}`,
    stopped: noMatch,
    running: nothing,
  },
  {
    name: "key-check value edited",
    detector: "start",
    seen: NO_MATCH,
    attack: `UPDATE meta SET key_check = ${flipped("key_check", 3)}`,
    stopped: noMatch,
    running: nothing,
  },
  {
    name: "`meta` and `keks` of another store put in their place",
    detector: "start",
    seen: NO_MATCH,
    attack: ["meta", "keks"].map((table) => `
      DELETE FROM ${table};
      INSERT INTO ${table} SELECT * FROM other.${table};`).join(""),
    stopped: noMatch,
    running: nothing,
  },
  {
    name: "`meta` removed",
    detector: "start",
    seen: "the database counts as lost: keepers name a store that is not there; 503",
    attack: "DELETE FROM meta",
    stopped: noStart("database_lost"),
    running: nothing,
  },
  {
    name: "time of creation edited",
    detector: "harmless",
    seen: "nothing",
    attack: "UPDATE meta SET created_at = 0",
    stopped: nothing,
  },
  {
    name: "threshold of the shards edited",
    detector: "start",
    seen: SET_DAMAGED,
    attack: "UPDATE meta SET threshold = 1",
    stopped: noMatch,
    running: nothing,
  },
  {
    name: "number of shares edited",
    detector: "start",
    seen: SET_DAMAGED,
    attack: "UPDATE meta SET shares = 4, commitments = x''",
    stopped: noMatch,
    running: nothing,
  },
  {
    name: "id of the shard set edited",
    detector: "start",
    seen: SET_DAMAGED,
    attack: `UPDATE meta SET set_id = ${flipped("set_id", 3)}`,
    stopped: noMatch,
    running: nothing,
  },
  {
    name: "generation of the shard set edited",
    detector: "start",
    seen: SET_DAMAGED,
    attack: "UPDATE meta SET set_generation = 7",
    stopped: noMatch,
    running: nothing,
  },
  {
    name: "scheme of the shards edited",
    detector: "start",
    seen: SET_DAMAGED,
    attack: "UPDATE meta SET scheme = 'p256'",
    stopped: noMatch,
    running: nothing,
  },
  {
    name: "commitments to the shards edited",
    detector: "start",
    seen: SET_DAMAGED,
    attack: `UPDATE meta SET commitments = ${flipped("commitments", 3)}`,
    stopped: noMatch,
    running: nothing,
  },
  {
    name: "what is remembered of exports and earlier shard sets edited",
    detector: "nobody",
    seen:
      "`spike status` warns without reason, or does not warn; a right shard of an earlier set may be refused, a wrong one is never taken",
    attack: "INSERT OR REPLACE INTO marks VALUES ('recovery', x'00')",
    stopped: nothing,
  },
  {
    name: "counter of revisions lowered",
    detector: "write",
    seen: "reads are as before; writes to paths and policies of later revisions are refused",
    attack: "UPDATE counter SET revision = 0",
    stopped: revisionRefused,
  },
  {
    name: "counter of revisions removed",
    detector: "read",
    seen:
      "secrets are read as before; writes, and whatever policies decide, are refused; a system that runs decides as before",
    attack: "DELETE FROM counter",
    stopped: all(everyPutRefused(NO_COUNTER), noPolicies),
    running: everyPutRefused(NO_COUNTER),
  },
];
