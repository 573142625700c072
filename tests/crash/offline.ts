/** A store on disk with a known history, opened without a network as a Nexus opens it. */
import { build, policyOf, type Running, type Scene, start } from "../tamper/scene.ts";
import { AUTHOR } from "../tamper/plan.ts";

/** What can be read of a store: a value for each version of each path, and the names of policies. */
export type Readings = ReadonlyMap<string, string>;

/** A directory with a store whose log has not been copied into the database yet. */
export interface Sample extends AsyncDisposable {
  readonly scene: Scene;
  readonly database: Uint8Array;
  readonly log: Uint8Array;
  /** What could be read at first and after each write. */
  readonly states: readonly Readings[];
}

const PATHS = ["cut/a", "cut/b", "cut/c"];

/** Makes a store, and leaves `writes` writes in its log. */
export async function makeSample(writes: number): Promise<Sample> {
  const scene = await build();
  const system = await start(scene.template.store, scene.shards);
  const { writer, policyWriter } = system.services();
  const states = [await readAll(system)];
  for (let i = 1; i <= writes; i++) {
    const path = PATHS[i % PATHS.length] ?? "";
    if (i % 7 === 0) await writer.delete({ path, versions: [], author: AUTHOR });
    else if (i % 5 === 0) {
      await policyWriter.put(policyOf("apps", ["read", i % 2 ? "list" : "write"]));
    } else await writer.put({ path, values: { v: `${i} `.repeat(i) }, author: AUTHOR });
    states.push(await readAll(system));
  }
  const database = await Deno.readFile(scene.template.store);
  const log = await Deno.readFile(`${scene.template.store}-wal`);
  await system.close();
  return {
    scene,
    database,
    log,
    states,
    [Symbol.asyncDispose]: () => Deno.remove(scene.dir, { recursive: true }),
  };
}

/** Reads everything; throws what the first record that cannot be read throws. */
export async function readAll(system: Running): Promise<Readings> {
  const readings = new Map<string, string>();
  for (const [record, read] of await records(system)) readings.set(record, await read());
  return readings;
}

/** Everything that can be read, by the name of its record. */
export async function records(system: Running): Promise<Map<string, () => Promise<string>>> {
  const { reader, policies } = system.services();
  const all = new Map<string, () => Promise<string>>();
  for (const path of await reader.list()) {
    for (let version = 1; version <= 12; version++) {
      all.set(`${path}@${version}`, async () => {
        const answer = await reader.get({ path, version });
        return answer.found ? String(answer.values?.["v"]) : "absent";
      });
    }
  }
  for (const name of await policies.list()) {
    all.set(`policy ${name}`, async () => JSON.stringify(await policies.get(name)));
  }
  return all;
}
