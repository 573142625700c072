import {
  all,
  type Attack,
  exchanged,
  flipped,
  nothing,
  putRefused,
  row,
  versionLost,
} from "./attack.ts";

const REFUSED = "that version is refused, and named";
const BOTH_REFUSED = "both versions are refused, and named";

/** Attacks on rows of `versions`. */
export const VERSION_ATTACKS: readonly Attack[] = [
  {
    name: "a sealed value edited",
    detector: "read",
    seen: REFUSED,
    attack: `UPDATE versions SET sealed = ${flipped("sealed")} WHERE ${row("a", 2)}`,
    stopped: versionLost("a", 2),
  },
  {
    name: "a sealed value of the current version cut short",
    detector: "read",
    seen: REFUSED,
    attack: `UPDATE versions SET sealed = substr(sealed, 1, 20) WHERE ${row("a", 3)}`,
    stopped: versionLost("a", 3, true),
  },
  {
    name: "a sealed value emptied",
    detector: "read",
    seen: REFUSED,
    attack: `UPDATE versions SET sealed = x'' WHERE ${row("a", 1)}`,
    stopped: versionLost("a", 1),
  },
  {
    name: "a wrapped data key edited",
    detector: "read",
    seen: REFUSED,
    attack: `UPDATE versions SET wrapped_key = ${flipped("wrapped_key")} WHERE ${row("a", 1)}`,
    stopped: versionLost("a", 1),
  },
  {
    name: "values of two versions exchanged",
    detector: "read",
    seen: BOTH_REFUSED,
    attack: exchanged("versions", "sealed", row("a", 1), row("a", 2)),
    stopped: all(versionLost("a", 1), versionLost("a", 2)),
  },
  {
    name: "data keys of two versions exchanged",
    detector: "read",
    seen: BOTH_REFUSED,
    attack: exchanged("versions", "wrapped_key", row("a", 1), row("a", 2)),
    stopped: all(versionLost("a", 1), versionLost("a", 2)),
  },
  {
    name: "data keys of two paths exchanged",
    detector: "read",
    seen: BOTH_REFUSED,
    attack: exchanged("versions", "wrapped_key", row("a", 2), row("b", 2)),
    stopped: all(versionLost("a", 2), versionLost("b", 2)),
  },
  {
    name: "whole rows of two versions exchanged",
    detector: "read",
    seen: BOTH_REFUSED,
    attack: `
      UPDATE versions SET version = 9 WHERE ${row("a", 1)};
      UPDATE versions SET version = 1 WHERE ${row("a", 3)};
      UPDATE versions SET version = 3 WHERE path = 'a' AND version = 9`,
    stopped: all(versionLost("a", 1), versionLost("a", 3, true)),
  },
  {
    name: "whole rows of two paths exchanged",
    detector: "read",
    seen: BOTH_REFUSED,
    attack: `
      UPDATE versions SET version = 9 WHERE ${row("a", 2)};
      UPDATE versions SET path = 'a' WHERE ${row("b", 2)};
      UPDATE versions SET path = 'b', version = 2 WHERE path = 'a' AND version = 9`,
    stopped: all(versionLost("a", 2), versionLost("b", 2)),
  },
  {
    name: "key generation of a version edited",
    detector: "read",
    seen: REFUSED,
    attack: `UPDATE versions SET kek_generation = 2 WHERE ${row("a", 1)}`,
    stopped: versionLost("a", 1),
  },
  {
    name: "a version removed",
    detector: "read",
    seen: REFUSED,
    attack: `DELETE FROM versions WHERE ${row("a", 1)}`,
    stopped: versionLost("a", 1),
  },
  {
    name: "all versions of a path removed",
    detector: "read",
    seen: "each of them is refused; metadata are there",
    attack: "DELETE FROM versions WHERE path = 'a'",
    stopped: all(versionLost("a", 1), versionLost("a", 2), versionLost("a", 3, true)),
  },
  {
    name: "a version taken from another store",
    detector: "read",
    seen: REFUSED,
    attack: `
      DELETE FROM versions WHERE ${row("a", 1)};
      INSERT INTO versions SELECT * FROM other.versions WHERE ${row("a", 1)}`,
    stopped: versionLost("a", 1),
  },
  {
    name: "a version replayed, from a copy of this store that was written on its own",
    detector: "read",
    seen: REFUSED,
    attack: `
      DELETE FROM versions WHERE ${row("grown", 3)};
      INSERT INTO versions SELECT * FROM fork.versions WHERE ${row("grown", 3)}`,
    stopped: versionLost("grown", 3, true),
  },
  {
    name: "a version put back that newer ones had pushed out",
    detector: "harmless",
    seen: "it stays away: its head does not list it",
    attack: `INSERT INTO versions SELECT * FROM earlier.versions WHERE ${row("pruned", 1)}`,
    stopped: nothing,
  },
  {
    name: "a row made up at the next number",
    detector: "write",
    seen: "reads are as before; the next put is refused, and stores nothing",
    attack: `
      INSERT INTO versions SELECT path, 4, kek_generation, wrapped_key, sealed, created_at
        FROM versions WHERE ${row("a", 3)}`,
    stopped: putRefused("a", 4),
  },
  {
    name: "time of a version edited",
    detector: "harmless",
    seen: "nothing: the times that are told come from the sealed head",
    attack: `UPDATE versions SET created_at = 0 WHERE ${row("a", 3)}`,
    stopped: nothing,
  },
];
