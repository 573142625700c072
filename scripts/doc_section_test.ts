import assert from "node:assert/strict";
import { marksOf, withSection } from "./doc_section.ts";

Deno.test("a section is replaced, and nothing else", () => {
  const [a, aEnd] = marksOf("a");
  const [b, bEnd] = marksOf("b");
  const page = `top\n${a}\nold\n${aEnd}\nmiddle\n${b}\nkept\n${bEnd}\nend\n`;
  const once = withSection(page, "a", "new");
  assert.equal(once, page.replace("old", "new"));
  assert.equal(withSection(once, "a", "new"), once);
});

Deno.test("a page without the marks is an error", () => {
  assert.throws(() => withSection("page", "a", "new"), /no marks around its section a/);
});
