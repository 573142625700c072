import type { DatabaseSync, SQLOutputValue } from "node:sqlite";

/** One row as the driver gives it. */
export type Row = Record<string, SQLOutputValue>;

/** Column `name` as an integer. No column of ours holds a negative one. */
export function integer(row: Row, name: string): number {
  const value = row[name];
  return typeof value === "number" && value >= 0 ? value : misshapen(row, name, "an integer");
}

/** Column `name` as text. */
export function text(row: Row, name: string): string {
  const value = row[name];
  return typeof value === "string" ? value : misshapen(row, name, "text");
}

/** Column `name` as bytes. */
export function bytes(row: Row, name: string): Uint8Array {
  const value = row[name];
  return value instanceof Uint8Array ? value : misshapen(row, name, "bytes");
}

/** The integer that a statement with one row answers. */
export function oneInteger(db: DatabaseSync, sql: string, name: string): number {
  const row = db.prepare(sql).get();
  const value = row?.[name];
  return typeof value === "number" ? value : misshapen(row ?? {}, name, "one integer");
}

/** The tables are STRICT, so only a damaged file gets here. Says of which record, as far as that can be read. */
export class Misshapen extends Error {
  constructor(row: Row, column: string, expected: string) {
    const { path = row.name, version } = row;
    const number = typeof version === "number" ? `version ${version} of ` : "";
    const record = typeof path === "string" ? ` of ${number}${path}` : "";
    super(`column ${column}${record} does not hold ${expected}`);
  }
}

/** A column that holds a whole number or nothing. */
export function maybeInteger(row: Row, name: string): number | null {
  return row[name] === null ? null : integer(row, name);
}

function misshapen(row: Row, column: string, expected: string): never {
  throw new Misshapen(row, column, expected);
}
