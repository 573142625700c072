import assert from "node:assert/strict";
import { type Measured, percentile, ratio, toTable } from "./figures.ts";

const up = (what: string, factor: number): Measured => ({
  what,
  latencies: Array.from({ length: 100 }, (_, i) => i * factor),
});

Deno.test("percentiles are those of the sorted values", () => {
  assert.equal(percentile(up("", 1), 0.5), 50);
  assert.equal(percentile(up("", 1), 0.99), 99);
  assert.equal(percentile({ what: "", latencies: [7] }, 0.99), 7);
});

Deno.test("a ratio compares the slowest hundredths", () => {
  assert.equal(ratio(up("", 1), up("", 2)), 2);
});

Deno.test("the table tells each row and its ratio to the first", () => {
  const [, , first, second] = toTable([up("quiet", 1), up("flood", 1.5)]).split("\n");
  assert.equal(first, "| quiet | 100 | 50.0 | 99.0 |  |");
  assert.equal(second, "| flood | 100 | 75.0 | 148.5 | 1.50 |");
});
