/** Given test data: where it is read from, and one test that says how much of it there is. */
import assert from "node:assert/strict";

/** Reads a file of the project's own test data. */
export function readVectors<T>(file: string): T {
  const url = new URL(`../../tests/vectors/${file}`, import.meta.url);
  return JSON.parse(Deno.readTextFileSync(url));
}

/**
 * Reads a file of somebody else's test data, which stays outside of the project: in the folder that
 * `SPIKE_VECTORS` names, or beside the checkout.
 */
export function readForeignVectors<T>(file: string): T | undefined {
  const beside = new URL("../../../shared/vectors", import.meta.url).pathname;
  const folder = Deno.env.get("SPIKE_VECTORS") ?? beside;
  try {
    return JSON.parse(Deno.readTextFileSync(`${folder}/${file}`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * A test whose name tells how many cases of a file are run, each as a test of its own name. The numbers are
 * written down, so that a case that is lost on the way is missed.
 */
export function nameCounts(
  file: string,
  counts: Readonly<Record<string, readonly [number, number]>>,
) {
  const parts = Object.entries(counts).map(([what, [expected]]) => `${expected} ${what}`);
  Deno.test(`vectors ${file}: ${parts.join(", ")}, each run by its name`, () => {
    for (const [what, [expected, found]] of Object.entries(counts)) {
      assert.equal(found, expected, what);
    }
  });
}

/** The one line that says that a file of foreign data is not here. */
export function nameAbsence(file: string): void {
  const text = `vectors ${file}: SKIPPED, the file is absent (SPIKE_VECTORS names its folder)`;
  Deno.test({ name: text, ignore: true, fn: () => {} });
}
