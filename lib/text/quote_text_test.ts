import assert from "node:assert/strict";
import { formatStatus } from "../workload_api/grpc.ts";
import { quoteText } from "./quote.ts";

Deno.test("a quoted text is one line, whatever it holds", () => {
  assert.equal(
    quoteText("a\n\u001b[2J\u0085\u009b\u202e\u2028\u2066\u007f"),
    String.raw`"a\n\u001b[2J\u0085\u009b\u202e\u2028\u2066\u007f"`,
  );
  assert.equal(quoteText("\u{e0001}"), String.raw`"\udb40\udc01"`);
  assert.equal(quoteText('größe "x"'), String.raw`"größe \"x\""`);
  assert.equal(quoteText("x".repeat(301)), `"${"x".repeat(300)}…"`);
});

Deno.test("a status of an agent is one line without controls", () => {
  const text = formatStatus({ code: 14, message: "no\n\u001b[31mroot\u202e" });
  assert.equal(text, String.raw`UNAVAILABLE: no\n\u001b[31mroot\u202e`);
});
