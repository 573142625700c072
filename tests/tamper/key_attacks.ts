import {
  all,
  type Attack,
  everyPutRefused,
  flipped,
  noStart,
  nothing,
  only,
  type Outcome,
  pathGone,
  withDecisionsAsBefore,
} from "./attack.ts";
import { PATHS, PLACES, POLICIES } from "./plan.ts";

const NO_KEY = "Nexus goes on asking for its key, and answers 503; its log names the KEK";
const NO_KEKS =
  "Nexus goes on asking for its key, and answers 503; its log says that there is no KEK";
const damagedKek = (generation: number) =>
  noStart(
    `state_integrity_check: Key-encryption key generation ${generation} is not what was stored`,
  );
const NO_CIPHER = "the cipher service has no key; secrets are as before";
const noCipherKey: Outcome = only({ "cipher key": "none" });
const unknownKek = everyPutRefused("state_integrity_check: Key generation 1 is not in the store");

/** No path and no policy is there any more. */
const emptied: Outcome = all(
  ...PATHS.map((path) => pathGone(path, "version 1")),
  ...POLICIES.map((name) =>
    only({ [`policy ${name}`]: "none", [`read at ${PLACES[name]}`]: "no" })
  ),
  only({ list: "", policies: "" }),
);

/** Attacks on the rows that wrap keys: `keks` and `keys`. A system that runs has its keys in memory. */
export const KEY_ATTACKS: readonly Attack[] = [
  {
    name: "a wrapped KEK edited",
    detector: "start",
    seen: NO_KEY,
    attack: `UPDATE keks SET wrapped = ${flipped("wrapped")}`,
    stopped: damagedKek(1),
    running: nothing,
  },
  {
    name: "the KEK of another store put in its place",
    detector: "start",
    seen: NO_KEY,
    attack: "UPDATE keks SET wrapped = (SELECT wrapped FROM other.keks)",
    stopped: damagedKek(1),
    running: nothing,
  },
  {
    name: "a KEK given another generation",
    detector: "start",
    seen: `${NO_KEY}; a system that runs refuses writes`,
    attack: "UPDATE keks SET generation = 2",
    stopped: damagedKek(2),
    running: unknownKek,
  },
  {
    name: "a KEK made up",
    detector: "start",
    seen: NO_KEY,
    attack: "INSERT INTO keks SELECT 2, wrapped, created_at, 0, 'active' FROM keks",
    stopped: damagedKek(2),
    running: nothing,
  },
  {
    name: "a KEK removed",
    detector: "start",
    seen: `${NO_KEKS}; a system that runs refuses writes`,
    attack: "DELETE FROM keks",
    stopped: noStart("state_integrity_check: The store holds no key-encryption key"),
    running: unknownKek,
  },
  {
    name: "a KEK marked as retired",
    detector: "harmless",
    seen: "nothing: the newest KEK is the one that seals",
    attack: "UPDATE keks SET state = 'retired'",
    stopped: nothing,
  },
  {
    name: "count of sealings under a KEK lowered",
    detector: "nobody",
    seen: "nothing; the key may be used for longer than it should",
    attack: "UPDATE keks SET reserved_seals = 0",
    stopped: nothing,
  },
  {
    name: "count of sealings under a KEK raised to its limit",
    detector: "write",
    seen: "reads are as before; writes are refused with 503, as under any key that is used up",
    attack: "UPDATE keks SET reserved_seals = 4294967296",
    stopped: everyPutRefused("state_not_ready: Key has reached its limit of 4294967296 sealings"),
  },
  {
    name: "count of sealings under a KEK raised beyond its limit",
    detector: "write",
    seen: "reads are as before; writes are refused",
    attack: "UPDATE keks SET reserved_seals = 1 << 60",
    stopped: everyPutRefused(
      "state_integrity_check: Sealing budget is 4503599627370496, expected an integer from 0 to 4294967296",
    ),
  },
  {
    name: "the wrapped cipher key edited",
    detector: "start",
    seen: NO_CIPHER,
    attack: `UPDATE keys SET wrapped = ${flipped("wrapped")}`,
    stopped: noCipherKey,
    running: nothing,
  },
  {
    name: "the cipher key of another store put in its place",
    detector: "start",
    seen: NO_CIPHER,
    attack: "UPDATE keys SET wrapped = (SELECT wrapped FROM other.keys)",
    stopped: noCipherKey,
    running: nothing,
  },
  {
    name: "KEK generation of the cipher key edited",
    detector: "start",
    seen: NO_CIPHER,
    attack: "UPDATE keys SET kek_generation = 2",
    stopped: noCipherKey,
    running: nothing,
  },
  {
    name: "the cipher key given another version",
    detector: "start",
    seen: NO_CIPHER,
    attack: "UPDATE keys SET version = 2 WHERE name = 'cipher/default'",
    stopped: noCipherKey,
    running: nothing,
  },
  {
    name: "the cipher key removed",
    detector: "start",
    seen: NO_CIPHER,
    attack: "DELETE FROM keys",
    stopped: noCipherKey,
    running: nothing,
  },
  {
    name: "the cipher key removed, and the store emptied to look new",
    detector: "start",
    seen: NO_CIPHER.replace("as before", "gone"),
    attack: `${["keys", "heads", "versions", "policies"].map((t) => `DELETE FROM ${t};`).join(" ")}
      UPDATE counter SET revision = 1, policy_revision = 0`,
    stopped: all(emptied, noCipherKey),
    running: withDecisionsAsBefore(emptied),
  },
];
