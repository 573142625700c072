import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

/** One row as the driver gives it. */
export type Row = Record<string, SQLOutputValue>;

/**
 * Stands for an invalid number in one row of several. It is damage of that row alone, and the sealed part of the row
 * contradicts it.
 */
export const MISSHAPEN = -1;

/** Returns all rows of a statement that only reads. A number beyond 2^53 damages its row, not the whole result. */
export function allRows(statement: StatementSync, ...values: SQLInputValue[]): Row[] {
  return withLargeNumbers(
    statement,
    () => statement.all(...values),
    (rows) => rows.map(narrowed),
  );
}

/** As {@linkcode allRows}, the first row. */
export function firstRow(statement: StatementSync, ...values: SQLInputValue[]): Row | undefined {
  return withLargeNumbers(
    statement,
    () => statement.get(...values),
    (row) => row && narrowed(row),
  );
}

/** The driver rejects a whole result for one number that is too large; the retry reads all numbers as bigints. */
function withLargeNumbers<T>(statement: StatementSync, read: () => T, narrow: (all: T) => T): T {
  try {
    return read();
  } catch (reason) {
    if (!isOutOfRange(reason)) throw reason;
    statement.setReadBigInts(true);
    try {
      return narrow(read());
    } finally {
      statement.setReadBigInts(false);
    }
  }
}

/** The same row; numbers that are not too large are numbers again. */
function narrowed(row: Row): Row {
  for (const name in row) {
    const value = row[name];
    const number = Number(value);
    if (typeof value === "bigint" && Number.isSafeInteger(number)) row[name] = number;
  }
  return row;
}

function isOutOfRange(reason: unknown): boolean {
  return reason instanceof Error && "code" in reason && reason.code === "ERR_OUT_OF_RANGE";
}

/** Column `name` as an integer of a row among others; {@linkcode MISSHAPEN} for any other value. */
export function leniently(row: Row, name: string): number {
  return wholeNumber(row[name]) ?? MISSHAPEN;
}

/** Column `name` as the text that names a row among others. */
export function label(row: Row, name: string): string {
  const value = row[name];
  return typeof value === "string" ? value : `(${typeof value} ${String(value).slice(0, 40)})`;
}

/** Column `name` as the bytes of one row of several; empty for any other value. */
export function bytesIfAny(row: Row, name: string): Uint8Array {
  const value = row[name];
  return value instanceof Uint8Array ? value : new Uint8Array();
}

function wholeNumber(value: SQLOutputValue | undefined): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Column `name` as an integer. No column holds a negative one. */
export function integer(row: Row, name: string): number {
  return wholeNumber(row[name]) ?? misshapen(row, name, "an integer");
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

/** The integer that a statement with one row returns. */
export function oneInteger(db: DatabaseSync, sql: string, name: string): number {
  const row = db.prepare(sql).get();
  const value = row?.[name];
  return typeof value === "number" ? value : misshapen(row ?? {}, name, "one integer");
}

/** Column `name` as {@linkcode leniently} reads it, or null where it holds nothing. */
export function maybeLeniently(row: Row, name: string): number | null {
  return row[name] === null ? null : leniently(row, name);
}

/** The tables are STRICT, so only a damaged file gets here. Names the record as far as it can be read. */
export class Misshapen extends Error {
  constructor(row: Row, column: string, expected: string) {
    const { path = row.name, version } = row;
    const isKnown = typeof version === "number" || typeof version === "bigint";
    const number = isKnown ? `version ${version} of ` : "";
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
