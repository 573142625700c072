import { DatabaseSync } from "node:sqlite";
import { SpikeError } from "../error/error.ts";

/** Statement that made each table, index, view and trigger, by kind and name. */
type Layout = ReadonlyMap<string, string>;

/** Longest part of an unexpected name that a message repeats. */
const NAME_LIMIT = 64;

/**
 * Requires that the schema is exactly the one that `steps` create. Otherwise a trigger could discard writes that were
 * acknowledged, or a view could replace a table.
 *
 * @throws {SpikeError} `state_integrity_check` that names what was added, removed or changed
 */
export function requireLayout(db: DatabaseSync, path: string, steps: readonly string[]): void {
  const difference = differenceOf(layoutOf(db), expectedAfter(steps));
  if (difference === undefined) return;
  throw new SpikeError(
    "state_integrity_check",
    `Database ${path} does not have the expected schema: ${difference}`,
    { hint: "Its schema was modified outside spike; undo the change, or restore it from a backup" },
  );
}

function differenceOf(found: Layout, expected: Layout): string | undefined {
  const added = [...found.keys()].find((name) => !expected.has(name));
  if (added !== undefined) return `${added} was added`;
  for (const [name, sql] of expected) {
    if (found.get(name) !== sql) return `${name} was ${found.has(name) ? "changed" : "removed"}`;
  }
  return undefined;
}

const EXPECTED = new Map<number, Layout>();

/** Steps are never changed, so their number identifies them. */
function expectedAfter(steps: readonly string[]): Layout {
  const known = EXPECTED.get(steps.length);
  if (known) return known;
  const db = new DatabaseSync(":memory:");
  try {
    for (const step of steps) db.exec(step);
    const layout = layoutOf(db);
    EXPECTED.set(steps.length, layout);
    return layout;
  } finally {
    db.close();
  }
}

/** Every object counts; indexes that SQLite makes by itself have no statement. */
function layoutOf(db: DatabaseSync): Layout {
  const rows = db.prepare(
    "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type <> 'table', name",
  )
    .all();
  return new Map(rows.map(({ type, name, tbl_name, sql }) => [
    `${type} ${JSON.stringify(String(name).slice(0, NAME_LIMIT))}`,
    `${tbl_name} ${evenlySpaced(String(sql ?? ""))}`,
  ]));
}

/** SQLite keeps statements as they were written; between its versions only the spaces of altered ones differ. */
function evenlySpaced(sql: string): string {
  return sql.replace(/\s+/g, " ").replace(/ ?([(),]) ?/g, "$1").trim();
}
