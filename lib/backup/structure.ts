import type { DatabaseSync } from "node:sqlite";
import { damageOf } from "./os_copy.ts";
import { type Contents, readContents } from "./contents.ts";

/** First byte of whatever is sealed, then nonce and tag: nothing sealed is shorter (decision 0003). */
const SEALED = "substr(%, 1, 1) <> x'01' OR length(%) < 29";

/** Invariants of every database that Nexus wrote which can be checked without a key: each counts violations. */
const RULES: readonly { readonly what: string; readonly sql: string }[] = [
  ...["heads", "versions", "policies", "keys", "key_heads"].map((table) => ({
    what: `rows of ${table} are sealed under a key generation that is not there`,
    sql: `SELECT count(*) FROM ${table} WHERE kek_generation NOT IN (SELECT generation FROM keks)`,
  })),
  ...["heads.sealed", "versions.sealed", "policies.sealed", "key_heads.sealed"].map(sealedRule),
  ...["versions.wrapped_key", "keys.wrapped", "keks.wrapped"].map(sealedRule),
  {
    what: "heads name a current version that is not there",
    sql: `SELECT count(*) FROM heads WHERE current > 0 AND NOT EXISTS (
            SELECT 1 FROM versions WHERE versions.path = heads.path AND version = heads.current)`,
  },
  {
    what: "rows are of a later revision than the store's",
    sql: `SELECT (SELECT count(*) FROM heads WHERE revision > (SELECT revision FROM counter)) +
                 (SELECT count(*) FROM policies WHERE revision > (SELECT revision FROM counter))`,
  },
];

function sealedRule(place: string): { what: string; sql: string } {
  const [table = "", column = ""] = place.split(".");
  return {
    what: `values of ${place} do not have the form of what is sealed`,
    sql: `SELECT count(*) FROM ${table} WHERE ${SEALED.replaceAll("%", column)}`,
  };
}

/** All faults of a database that can be found without a key; `stated` is what its manifest states. */
export function findWrong(db: DatabaseSync, stated: Contents): string[] {
  const damage = damageOf(db);
  if (damage !== undefined) return [`SQLite finds: ${damage}`];
  const broken = RULES.flatMap(({ what, sql }) => {
    const count = Number(Object.values(db.prepare(sql).get() ?? {})[0]);
    return count === 0 ? [] : [`${count} ${what}`];
  });
  return [...broken, ...differences(readContents(db), stated)];
}

function differences(found: Contents, stated: Contents): string[] {
  return (["store", "counts", "recovery"] as const).flatMap((part) =>
    JSON.stringify(found[part]) === JSON.stringify(stated[part]) ? [] : [
      `its ${part} is ${JSON.stringify(found[part])}, the manifest says ${
        JSON.stringify(stated[part])
      }`,
    ]
  );
}

/** The tables or indexes that pages belong to, as far as that can be found out. */
export function ownersOf(db: DatabaseSync, pages: readonly number[]): string[] {
  try {
    const ask = db.prepare("SELECT name FROM dbstat WHERE pageno = ?");
    return [...new Set(pages.flatMap((page) => ask.all(page).map(({ name }) => String(name))))];
  } catch {
    return [];
  }
}
