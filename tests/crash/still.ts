/** A small store on disk that is not running, with something of every kind in it, and all that can be read of it. */
import { DatabaseSync } from "node:sqlite";
import { SpikeError } from "../../lib/error/error.ts";
import { AUTHOR, CIPHER_KEYS } from "../tamper/plan.ts";
import { build, type Running, type Scene, start } from "../tamper/scene.ts";

/** The files of a store that was stopped. */
export interface Still extends AsyncDisposable {
  readonly scene: Scene;
  readonly database: Uint8Array;
  /** Its audit logs, by path in their directory. */
  readonly audit: ReadonlyMap<string, Uint8Array>;
}

/** Makes a store whose database has pages of `pageBytes`: the smaller, the more of them are inside its trees. */
export async function makeStill(pageBytes: number): Promise<Still> {
  const scene = await build();
  const path = scene.template.store;
  const system = await start(path, scene.shards);
  const { writer } = system.services();
  const expiresMs = 4_102_444_800_000;
  await writer.setMetadata({ path: "b", custom: { team: "x" }, expiresMs, author: AUTHOR });
  await system.close();
  setPageSize(path, pageBytes);
  return {
    scene,
    database: await Deno.readFile(path),
    audit: filesBelow(`${path}.audit`),
    [Symbol.asyncDispose]: () => Deno.remove(scene.dir, { recursive: true }),
  };
}

function setPageSize(path: string, bytes: number): void {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA journal_mode = DELETE; PRAGMA page_size = ${bytes}; VACUUM;`);
  db.exec("PRAGMA journal_mode = WAL");
  db.close();
}

function filesBelow(directory: string, prefix = ""): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const { name, isDirectory } of Deno.readDirSync(directory)) {
    const path = `${directory}/${name}`;
    if (!isDirectory) files.set(prefix + name, Deno.readFileSync(path));
    else {for (const [below, bytes] of filesBelow(path, `${prefix}${name}/`)) {
        files.set(below, bytes);
      }}
  }
  return files;
}

/** Puts the files of a store at `path`, with another database, and nothing else beside it. */
export function lay(path: string, { audit }: Still, database: Uint8Array): void {
  for (const beside of ["-wal", "-shm", ".audit"]) {
    try {
      Deno.removeSync(path + beside, { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  Deno.writeFileSync(path, database, { mode: 0o600 });
  for (const [name, bytes] of audit) {
    const file = `${path}.audit/${name}`;
    Deno.mkdirSync(file.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeFileSync(file, bytes);
  }
}

/** What can be read: by the name of a record, then by what was asked of it. */
export type Reading = ReadonlyMap<string, ReadonlyMap<string, string | Refusal>>;

/** Nothing is there, as an answer. */
export const ABSENT = "absent";

/** What a reader was told instead of an answer. */
export class Refusal {
  readonly text: string;

  constructor(error: SpikeError) {
    this.text = `${error.code}: ${error.message}`;
  }
}

type Questions = Record<string, () => Promise<string>>;

/** Asks for everything that a store of {@linkcode makeStill} holds. What is no refusal is thrown. */
export async function readEverything(system: Running, scene: Scene): Promise<Reading> {
  const reading = new Map<string, Map<string, string | Refusal>>();
  for (const [record, questions] of Object.entries(everything(system, scene))) {
    const answers = new Map<string, string | Refusal>();
    for (const [question, ask] of Object.entries(questions)) answers.set(question, await told(ask));
    reading.set(record, answers);
  }
  return reading;
}

function everything(system: Running, { cipherKey }: Scene): Record<string, Questions> {
  const { reader, policies, cipherKeys } = system.services();
  const paths = ["a", "b", "grown", "hidden", "new", "pruned"];
  return {
    "the listings": {
      paths: async () => JSON.stringify(await reader.entries()),
      policies: async () => JSON.stringify(await policies.list()),
      "cipher keys": async () => {
        const heads = await cipherKeys.list(() => {});
        return JSON.stringify(heads.map(({ name }) => name));
      },
    },
    ...Object.fromEntries(paths.map((path) => [`Secret ${path}`, secret(system, path)])),
    ...Object.fromEntries(["apps", "narrowed", "teams"].map((name) => [`Policy ${name}`, {
      policy: async () => JSON.stringify(await policies.get(name)) ?? ABSENT,
    }])),
    ...Object.fromEntries(CIPHER_KEYS.map((name) => [`Cipher key ${name}`, {
      head: async () => JSON.stringify(await cipherKeys.head(name)),
      keys: async () => {
        const head = await cipherKeys.head(name);
        const keys = head.versions.map(({ number }) => cipherKeys.copy(head, number));
        return (await Promise.all(keys)).map((key) => key.toHex()).join();
      },
    }])),
    "Key cipher/default version 1": {
      key: () => Promise.resolve(defaultKey(system, cipherKey)),
    },
  };
}

/** A damaged key is told in the log when Nexus starts, and has no slot then. */
function defaultKey({ lines, cipherKey }: Running, stored: Uint8Array): string {
  if (cipherKey.toHex() === stored.toHex()) return "it";
  const damage = lines.find(({ event }) => event === "cipher_key_damaged");
  if (damage?.fields["reason"] !== "altered") return ABSENT;
  throw new SpikeError(
    "state_integrity_check",
    `cipher/default version ${damage.fields["version"]}`,
  );
}

function secret(system: Running, path: string): Questions {
  const { reader } = system.services();
  const versions = [0, 1, 2, 3, 4].map((version) => [
    `version ${version}`,
    async () => {
      const answer = await reader.get({ path, version });
      return answer.found ? `${answer.version}: ${answer.values?.["v"]}` : ABSENT;
    },
  ]);
  const metadata = async () => {
    const answer = await reader.metadata({ path, evenUnreadable: true });
    return answer.found ? JSON.stringify(answer.head) : ABSENT;
  };
  return { ...Object.fromEntries(versions), metadata };
}

async function told(ask: () => Promise<string>): Promise<string | Refusal> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    return error.code === "api_not_found" ? ABSENT : new Refusal(error);
  }
}
