import { storeConformance } from "./conformance.ts";
import type { Store } from "./port.ts";
import { openSqlite } from "./sqlite.ts";

const dirs = new WeakMap<Store, string>();

storeConformance("sqlite", {
  async open() {
    const dir = await Deno.makeTempDir();
    const store = openSqlite({ path: `${dir}/spike.db`, mode: "write" });
    dirs.set(store, dir);
    return store;
  },
  openReader: (store) =>
    Promise.resolve(openSqlite({ path: `${dirs.get(store)}/spike.db`, mode: "read" })),
  dispose: (store) => Deno.remove(dirs.get(store) ?? "", { recursive: true }),
});
