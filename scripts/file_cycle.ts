import { type Program, targetOf } from "./module_graph.ts";
import { isTestFile } from "./source_files.ts";

/**
 * The cycles of imports among files, types included, each as the files on it with the first one again at its end.
 * Tests may import in circles with nothing, so they are left out. A file is on at most one of the cycles answered.
 */
export function fileCycles(program: Program): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) {
      cycles.push([...way.slice(at), file]);
      return;
    }
    if (done.has(file)) return;
    for (const target of importsOf(file, program)) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of program.keys()) if (!isTestFile(file)) visit(file, []);
  return cycles;
}

function importsOf(file: string, program: Program): string[] {
  const references = program.get(file)?.references ?? [];
  return references.flatMap(({ specifier, kind }) => {
    const target = targetOf(file, specifier);
    return target && kind !== "url" && program.has(target) ? [target] : [];
  });
}
