import { AUTHOR, worldOver } from "../../lib/secret/secret_fixture.ts";
import { openMemory, openSqlite } from "../../lib/store/mod.ts";

const values = { user: "ada", pass: "x".repeat(64) };
const directory = Deno.makeTempDirSync({ prefix: "spike-bench-" });
globalThis.addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
const path = `${directory}/bench.db`;

const stores = { memory: openMemory(), sqlite: openSqlite({ path, mode: "write" }) };
for (const [kind, store] of Object.entries(stores)) {
  const { reader, writer } = await worldOver(store, path);
  let count = 0;
  const put = () => writer.put({ path: `bench/${count++ % 1000}`, values, author: AUTHOR });
  await writer.put({ path: "bench/read", values, author: AUTHOR });
  Deno.bench(`${kind}: put`, { group: kind }, async () => void await put());
  Deno.bench(`${kind}: 32 puts at once`, { group: kind }, async () => {
    await Promise.all(Array.from({ length: 32 }, put));
  });
  Deno.bench(`${kind}: get`, { group: kind }, async () => {
    await reader.get({ path: "bench/read" });
  });
}
