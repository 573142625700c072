/**
 * `deno task test:spire`: builds SPIRE and the other side's program, and runs this project on the one and with the
 * other. Where there is no Go nothing can be built: that, and only that, is skipped, and the last line says so.
 */
import { go, hasGo, installSpire } from "./install.ts";

const SUITES = ["tests/spire", "tests/interop"].flatMap((dir) =>
  [...Deno.readDirSync(dir)]
    .filter(({ name }) => name.endsWith("_suite.ts"))
    .map(({ name }) => `${dir}/${name}`)
    .toSorted()
);

if (!await hasGo()) {
  console.log("SKIPPED: Go is not on PATH, so that SPIRE and clients in Go cannot be built");
  Deno.exit(0);
}
const unformatted = await go(["run", "cmd/gofmt", "-l", "tests/interop/go"]);
if (unformatted !== "") throw new Error(`Not as gofmt writes it: ${unformatted}`);
await go(["vet", "."], { cwd: "tests/interop/go" });
await installSpire((line) => console.log(line));
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", ...SUITES, ...Deno.args],
}).spawn().status;
Deno.exit(code);
