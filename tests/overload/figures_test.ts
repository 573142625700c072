import assert from "node:assert/strict";
import { type Latencies, percentile, ratio, toTable } from "./figures.ts";

const up = (factor: number): Latencies => Array.from({ length: 100 }, (_, i) => i * factor);

Deno.test("percentiles are those of the sorted values", () => {
  assert.equal(percentile(up(1), 0.5), 50);
  assert.equal(percentile(up(1), 0.99), 99);
  assert.equal(percentile([7], 0.99), 7);
});

Deno.test("a ratio compares the slowest hundredths", () => {
  assert.equal(ratio({ what: "", quiet: up(1), loaded: up(2) }), 2);
});

Deno.test("the table tells each row with the quiet around it", () => {
  const [, , row] = toTable([{ what: "flood", quiet: up(1), loaded: up(1.5) }]).split("\n");
  assert.equal(row, "| flood | 100 | 50.0 | 99.0 | 75.0 | 148.5 | 1.50 |");
});
