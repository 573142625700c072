import { join, normalize } from "node:path";

/** Directory of the checkout, without a final slash. */
export const ROOT = normalize(join(import.meta.dirname ?? ".", ".."));

const TEST_FILE = /(_test|_test_worker|_bench|_fixture|\/conformance|\/fake_\w+|\/_\w+)\.ts$/;

/** Whether a file exists for tests only: the released program must never contain it. */
export function isTestFile(path: string): boolean {
  return TEST_FILE.test(path) || path.startsWith("tests/");
}

/** TypeScript files under `dir`, as sorted paths relative to the root. */
export function sourceFiles(dir: string, root: string = ROOT): string[] {
  const found: string[] = [];
  for (const entry of Deno.readDirSync(join(root, dir))) {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) found.push(...sourceFiles(path, root));
    else if (entry.name.endsWith(".ts")) found.push(path);
  }
  return found.sort();
}
