import { DatabaseSync } from "node:sqlite";
import type { Attack } from "./attack.ts";
import type { Files } from "./plan.ts";

/** Set to `sqlite3`, the command line tool (Debian package `sqlite3`) does what otherwise a driver does. */
const TOOL = Deno.env.get("SPIKE_TAMPER_TOOL");

/** Carries out an attack through a connection of its own. */
export function strike({ attack }: Attack, files: Files): void {
  if (typeof attack === "string") execute(attack, files);
  else attack(files);
}

function execute(attack: string, { store, earlier, fork, foreign }: Files): void {
  const attached = Object.entries({ earlier, fork, other: foreign })
    .map(([schema, file]) => `ATTACH '${file}' AS ${schema};`).join("");
  const sql = `PRAGMA foreign_keys = OFF; PRAGMA busy_timeout = 5000; ${attached} ${attack};`;
  if (TOOL === undefined) executeHere(store, sql);
  else executeByTool(TOOL, store, sql);
}

function executeHere(store: string, sql: string): void {
  const db = new DatabaseSync(store);
  try {
    db.exec(sql);
  } finally {
    db.close();
  }
}

function executeByTool(tool: string, store: string, sql: string): void {
  const { success, stderr } = new Deno.Command(tool, { args: ["-bail", store, sql] }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
