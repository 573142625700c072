/**
 * Enforces the direction of imports: `roles -> lib`, never between roles, never `lib -> roles`, inside `lib` never
 * upwards (`floors.ts`), no cycle of files, nothing of the tests in the program, and nothing of the runtime within
 * reach of the pure folders. Part of `deno task check`.
 */
import { climbs } from "./floors.ts";
import { fileCycles } from "./file_cycle.ts";
import type { ModuleScan } from "./module_scan.ts";
import { type Program, readProgram, targetOf } from "./module_graph.ts";
import { isTestFile } from "./source_files.ts";

const PURE = /^lib\/(access|policy|shamir|audit|seal|recovery)\//;
/** What touches the operating system on behalf of a pure folder lives in files named so. */
const SURROUNDINGS = /\/(os_|locked_memory)\w*\.ts$/;

/** Whether `file` takes time, randomness and I/O as parameters only. */
export function isPure(file: string): boolean {
  return PURE.test(file) && !SURROUNDINGS.test(file) && !isTestFile(file);
}

/** Why `file` may not refer to `target` (both relative to the root), or undefined when it may. */
export function forbidden(file: string, target: string): string | undefined {
  if (isTestFile(file)) return undefined;
  if (isTestFile(target)) return "the program contains nothing of its tests";
  if (/^(tests|scripts)\//.test(target)) return "the program imports only lib and roles";
  if (file.startsWith("lib/") && !target.startsWith("lib/")) return "lib imports nothing above it";
  if (file.startsWith("lib/")) return climbs(file, target);
  const from = roleOf(file);
  const to = roleOf(target);
  return from && to && from !== to ? "a role never imports another role" : undefined;
}

function roleOf(path: string): string | undefined {
  return /^roles\/([^/]+)\//.exec(path)?.[1];
}

/** Only lib and roles are in a program; what tests take from elsewhere is for the type check to find. */
function isMissing(target: string, program: Program): boolean {
  return /^(lib|roles)\//.test(target) && !program.has(target);
}

/** Complaints about the references of one file. */
function directionComplaints(file: string, scan: ModuleScan, program: Program): string[] {
  const complaints: string[] = [];
  for (const { specifier, line } of scan.references) {
    const target = targetOf(file, specifier);
    if (!target?.endsWith(".ts")) continue;
    const why = forbidden(file, target) ?? (isMissing(target, program) ? "no such module" : "");
    if (why) complaints.push(`${file}:${line}: ${target}: ${why}`);
  }
  if (isTestFile(file)) return complaints;
  return complaints.concat(
    scan.computed.map((line) => `${file}:${line}: the module of an import is written out`),
  );
}

function impurity(scan: ModuleScan): { text: string; line: number } | undefined {
  const builtIn = scan.references.find(({ specifier, kind }) =>
    specifier.startsWith("node:") && kind !== "type"
  );
  return scan.runtime[0] ?? (builtIn && { text: builtIn.specifier, line: builtIn.line });
}

/** The first way from a pure file to code that uses its surroundings, as the files on it. */
function wayOut(start: string, program: Program): string | undefined {
  const seen = new Set([start]);
  const ways = [[start]];
  for (const way of ways) {
    const file = way.at(-1) ?? start;
    const scan = program.get(file);
    if (!scan || SURROUNDINGS.test(file)) continue;
    const found = impurity(scan);
    if (found) return [...way.slice(0, -1), `${file}:${found.line}`, found.text].join(" > ");
    for (const { specifier, kind } of scan.references) {
      const target = targetOf(file, specifier);
      if (!target || kind === "type" || seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return undefined;
}

/** Everything that is wrong with a program, one line each; empty when nothing is. */
export function complaintsAbout(program: Program): string[] {
  const complaints: string[] = [];
  for (const [file, scan] of program) {
    complaints.push(...directionComplaints(file, scan, program));
    const way = isPure(file) ? wayOut(file, program) : undefined;
    if (way) complaints.push(`${way}: pure code takes time, randomness and I/O as parameters`);
  }
  for (const cycle of fileCycles(program)) {
    complaints.push(`${cycle.join(" > ")}: a cycle of files`);
  }
  return complaints;
}

if (import.meta.main) {
  const complaints = complaintsAbout(readProgram());
  for (const line of complaints) console.error(line);
  if (complaints.length > 0) Deno.exit(1);
}
