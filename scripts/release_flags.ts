import { join } from "node:path";
import { ROOT } from "./source_files.ts";

/**
 * The permission flags of the released program: the lines of `scripts/flags`, which `scripts/spike` reads, too.
 * Main threads start with their union and each role gives up what it does not need.
 */
export function releaseFlags(): string[] {
  return Deno.readTextFileSync(join(ROOT, "scripts/flags")).split("\n").filter((line) => line);
}
