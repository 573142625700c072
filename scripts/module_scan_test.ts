import assert from "node:assert/strict";
import { scanModule } from "./module_scan.ts";

const kinds = (text: string) =>
  scanModule(text).references.map(({ kind, specifier }) => `${kind} ${specifier}`);
const uses = (text: string) => scanModule(text).runtime.map(({ text }) => text);

Deno.test("imports and re-exports of every form are found", () => {
  assert.deepEqual(
    kinds(`
      import "./a.ts";
      import b from "./b.ts";
      import * as c from './c.ts';
      import { d,
        type e } from "./d.ts";
      export * from "./e.ts";
      export { f } from "./f.ts";
      const g = await import("./g.ts");`),
    ["./a.ts", "./b.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts"].map((s) => `value ${s}`)
      .concat("dynamic ./g.ts"),
  );
});

Deno.test("what vanishes before the program runs is a type", () => {
  assert.deepEqual(
    kinds(`import type { A } from "./a.ts";
      export type { B } from "./b.ts";
      export type * from "./c.ts";
      type X = typeof import("./d.ts");
      import type from "./e.ts";`),
    ["type ./a.ts", "type ./b.ts", "type ./c.ts", "type ./d.ts", "value ./e.ts"],
  );
});

Deno.test("the entry of a worker is a reference", () => {
  assert.deepEqual(
    kinds('new Worker(new URL("./w.ts", import.meta.url)); new URL("./x.ts", base)'),
    [
      "url ./w.ts",
    ],
  );
});

Deno.test("declarations, members and comments are no imports", () => {
  assert.deepEqual(
    kinds(`export const from = "./a.ts"; // import "./b.ts"
      export function f() { return from; }
      export interface I { from: "./c.ts" }
      Array.from("./d.ts");
      const s = 'import "./e.ts"';`),
    [],
  );
});

Deno.test("an import whose module is computed is told by its line", () => {
  assert.deepEqual(scanModule('\nimport(name);\nimport(`./${x}.ts`);\nimport("a");').computed, [
    2,
    3,
  ]);
});

Deno.test("the runtime, clocks, randomness and the network are found in code only", () => {
  assert.deepEqual(
    uses(`
      Deno.args; Date.now(); new Date(); performance.now(); Math.random(); fetch(url);
      crypto.getRandomValues(x); globalThis.Deno.env; \`\${Deno.pid}\`;`),
    [
      ..."Deno. Date.now".split(" "),
      "new Date()",
      ..."performance.now Math.random fetch( crypto.getRandomValues Deno. Deno.".split(" "),
    ],
  );
  assert.deepEqual(
    uses(`/* Deno.args */ "Deno.args"; \`Deno.args\`; clock.fetch(); a.Deno.b; new Date(0);
      crypto.subtle; my.setTimeout();`),
    [],
  );
});
