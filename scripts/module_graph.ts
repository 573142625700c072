import { join, normalize } from "node:path";
import { type ModuleScan, type Reference, scanModule } from "./module_scan.ts";
import { isTestFile, ROOT, sourceFiles } from "./source_files.ts";

/** The files of a program: path relative to its root, and what is in each. */
export type Program = ReadonlyMap<string, ModuleScan>;

/** The program of this checkout, its unit tests included. */
export function readProgram(): Program {
  const files = ["main.ts", ...["lib", "roles"].flatMap((dir) => sourceFiles(dir))];
  return new Map(
    files.map((file) => [file, scanModule(Deno.readTextFileSync(join(ROOT, file)))]),
  );
}

/** The file that `specifier` means in `file`; undefined for packages and built-in modules. */
export function targetOf(file: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? normalize(join(file, "..", specifier)) : undefined;
}

/**
 * Modules that the program starts as workers. They are named by URL, so that `deno compile` does not find them
 * by itself.
 */
export function workerEntries(program: Program): string[] {
  const entries = new Set<string>();
  for (const [file, { references }] of program) {
    if (isTestFile(file)) continue;
    for (const { kind, specifier } of references) {
      const target = targetOf(file, specifier);
      if (kind === "url" && target?.endsWith(".ts")) entries.add(target);
    }
  }
  return [...entries].sort();
}

/**
 * Everything that `entry` loads over references of these kinds: files, packages and built-in modules. With
 * `value` alone, what is loaded before its first line runs.
 */
export function loadedBy(
  entry: string,
  program: Program,
  kinds: readonly Reference["kind"][],
): Set<string> {
  const loaded = new Set([entry]);
  for (const module of loaded) {
    for (const { kind, specifier } of program.get(module)?.references ?? []) {
      if (kinds.includes(kind)) loaded.add(targetOf(module, specifier) ?? specifier);
    }
  }
  return loaded;
}
