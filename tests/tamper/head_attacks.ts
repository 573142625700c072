import {
  all,
  alreadyThere,
  type Attack,
  exchanged,
  flipped,
  headLost,
  only,
  pathGone,
  putRefused,
  row,
  versionLost,
} from "./attack.ts";

const REFUSED = "every answer about that path is refused, and so are writes to it";
const BOTH_REFUSED = "every answer about both paths is refused, and so are writes to them";
const REPLAY = (path: string) => `
  DELETE FROM heads WHERE path = '${path}';
  INSERT INTO heads SELECT * FROM earlier.heads WHERE path = '${path}';`;

/** Attacks on rows of `heads`, alone and together with their versions. */
export const HEAD_ATTACKS: readonly Attack[] = [
  {
    name: "a head edited",
    detector: "read",
    seen: REFUSED,
    attack: `UPDATE heads SET sealed = ${flipped("sealed")} WHERE path = 'a'`,
    stopped: headLost("a"),
  },
  {
    name: "a head emptied",
    detector: "read",
    seen: REFUSED,
    attack: "UPDATE heads SET sealed = x'' WHERE path = 'a'",
    stopped: headLost("a"),
  },
  {
    name: "sealed heads of two paths exchanged",
    detector: "read",
    seen: BOTH_REFUSED,
    attack: exchanged("heads", "sealed", "path = 'a'", "path = 'b'"),
    stopped: all(headLost("a"), headLost("b")),
  },
  {
    name: "whole heads of two paths exchanged",
    detector: "read",
    seen: BOTH_REFUSED,
    attack: `
      UPDATE heads SET path = '~' WHERE path = 'a';
      UPDATE heads SET path = 'a' WHERE path = 'b';
      UPDATE heads SET path = 'b' WHERE path = '~'`,
    stopped: all(headLost("a"), headLost("b")),
  },
  {
    name: "two paths exchanged, heads and versions",
    detector: "read",
    seen: BOTH_REFUSED,
    attack: ["heads", "versions"].map((table) => `
      UPDATE ${table} SET path = '~' WHERE path = 'a';
      UPDATE ${table} SET path = 'a' WHERE path = 'b';
      UPDATE ${table} SET path = 'b' WHERE path = '~';`).join(""),
    stopped: all(headLost("a"), headLost("b")),
  },
  {
    name: "plaintext column `current` edited",
    detector: "read",
    seen: REFUSED,
    attack: "UPDATE heads SET current = 2 WHERE path = 'a'",
    stopped: headLost("a"),
  },
  {
    name: "plaintext column `purged` set",
    detector: "read",
    seen: `the path is not listed; ${REFUSED}`,
    attack: "UPDATE heads SET purged = 1 WHERE path = 'a'",
    stopped: all(headLost("a"), only({ list: "b grown hidden new pruned" })),
  },
  {
    name: "plaintext column `expires_at` edited",
    detector: "read",
    seen: REFUSED,
    attack: "UPDATE heads SET expires_at = 1 WHERE path = 'a'",
    stopped: headLost("a"),
  },
  {
    name: "a deleted version made current again in the plaintext column",
    detector: "read",
    seen: REFUSED,
    attack: "UPDATE heads SET current = 2 WHERE path = 'hidden'",
    stopped: headLost("hidden"),
  },
  {
    name: "plaintext column `revision` edited",
    detector: "read",
    seen: REFUSED,
    attack: "UPDATE heads SET revision = revision + 1 WHERE path = 'a'",
    stopped: headLost("a"),
  },
  {
    name: "key generation of a head edited",
    detector: "read",
    seen: REFUSED,
    attack: "UPDATE heads SET kek_generation = 2 WHERE path = 'a'",
    stopped: headLost("a"),
  },
  {
    name: "a head taken from another store",
    detector: "read",
    seen: REFUSED,
    attack: `
      DELETE FROM heads WHERE path = 'a';
      INSERT INTO heads SELECT * FROM other.heads WHERE path = 'a'`,
    stopped: headLost("a"),
  },
  {
    name: "a path renamed, head and versions",
    detector: "verify",
    seen: "the old path is gone; the new one is listed, and refused",
    attack: `
      UPDATE heads SET path = 'new~' WHERE path = 'new';
      UPDATE versions SET path = 'new~' WHERE path = 'new'`,
    stopped: all(
      pathGone("new", "version 1"),
      only({ list: "a b grown hidden new~ pruned" }),
    ),
  },
  {
    name: "a head removed, its versions left",
    detector: "write",
    seen: "the path is gone; the next put is refused, and stores nothing",
    attack: "DELETE FROM heads WHERE path = 'a'",
    stopped: pathGone("a", alreadyThere("a", 1)),
  },
  {
    name: "a head removed with its versions",
    detector: "verify",
    seen: "the path is gone, as if it had never been written",
    attack: "DELETE FROM heads WHERE path = 'a'; DELETE FROM versions WHERE path = 'a'",
    stopped: pathGone("a", "version 1"),
  },
  {
    name: "a head replayed alone, after a put",
    detector: "write",
    seen: "reads give the older version as current; the next put is refused, and stores nothing",
    attack: REPLAY("grown"),
    stopped: all(
      only({
        "get grown": "grown@2",
        "get grown@3": "no such version",
        "metadata grown": "current 2 of 1 2",
      }),
      putRefused("grown", 3),
    ),
  },
  {
    name: "a head replayed alone, after a put that pushed out a version",
    detector: "read",
    seen: "the version that was pushed out is refused; the older state of the others is served",
    attack: REPLAY("pruned"),
    stopped: all(
      only({
        "get pruned": "pruned@3",
        "get pruned@4": "no such version",
        "metadata pruned": "current 3 of 1 2 3",
      }),
      versionLost("pruned", 1),
      putRefused("pruned", 4),
    ),
  },
  {
    name: "a head replayed alone, after a soft deletion",
    detector: "verify",
    seen: "the deleted version is back; writes go on from there",
    attack: REPLAY("hidden"),
    stopped: only({
      "get hidden": "hidden@2",
      "get hidden@2": "hidden@2",
      "metadata hidden": "current 2 of 1 2",
    }),
  },
  {
    name: "a head replayed together with its versions",
    detector: "verify",
    seen: "the older state of the path is served; writes go on from there",
    attack: `${REPLAY("grown")} DELETE FROM versions WHERE ${row("grown", 3)}`,
    stopped: only({
      "get grown": "grown@2",
      "get grown@3": "no such version",
      "metadata grown": "current 2 of 1 2",
      "put grown": "version 3",
    }),
  },
  {
    name: "a head with its versions, from a copy of this store that was written on its own",
    detector: "verify",
    seen: "the other copy's state of the path is served",
    attack: ["heads", "versions"].map((table) => `
      DELETE FROM ${table} WHERE path = 'grown';
      INSERT INTO ${table} SELECT * FROM fork.${table} WHERE path = 'grown';`).join(""),
    stopped: only({ "get grown": "of the fork", "get grown@3": "of the fork" }),
  },
];
