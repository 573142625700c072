/** A small store in a file of its own, backups of it, and keys that are always the same. */
import { DatabaseSync } from "node:sqlite";
import { type ErrorCode, SpikeError } from "../error/error.ts";
import { signerOf } from "../audit/os_sign.ts";
import { openSqlite, type Store } from "../store/mod.ts";
import { type BackupManifest, signManifest } from "./manifest.ts";
import { copyDatabase } from "./os_copy.ts";

const SIGNER = signerOf(new Uint8Array(32).fill(9));

/** The key that signs every backup here. */
export const KEY = { log: "b0".repeat(16), publicKey: SIGNER.publicKey };
export const sign = SIGNER.sign;
export const STORE_ID = new Uint8Array(16).fill(0x5a);
export const CREATED_MS = Date.parse("2026-07-01T12:00:00.000Z");

/** What is sealed, as far as anybody can tell without a key. */
export function sealed(fill: number, length = 40): Uint8Array {
  const bytes = new Uint8Array(length).fill(fill);
  bytes[0] = 1;
  return bytes;
}

/** A temporary directory with a store in it. */
export interface BackupWorld extends AsyncDisposable {
  readonly directory: string;
  readonly store: Store;
  /** Stores the next version of a path. */
  put(path: string, version: number): Promise<void>;
  /** Writes `<name>` and `<name>.manifest`; answers the path of the former. */
  backUp(name: string, change?: Partial<BackupManifest>): Promise<string>;
}

/** Makes a store with one path in it; in pages of another size than usual, which makes a small one smaller. */
export async function startWorld({ pageBytes = 4096 } = {}): Promise<BackupWorld> {
  const directory = await Deno.makeTempDir({ prefix: "spike-backup-" });
  const source = `${directory}/source.db`;
  const empty = new DatabaseSync(source);
  empty.exec(`PRAGMA page_size = ${pageBytes}; VACUUM`);
  empty.close();
  const store = openSqlite({ path: source, mode: "write" });
  const shardSet = {
    setId: new Uint8Array(16).fill(7),
    generation: 3,
    threshold: 2,
    shares: 3,
    commitments: [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)),
  };
  const meta = {
    storeId: STORE_ID,
    keyCheck: new Uint8Array(32),
    scheme: "gf256",
    shardSet,
  } as const;
  const kek = { generation: 1, wrapped: sealed(3, 61), createdAtMs: 1, reservedSeals: 0 };
  await store.write((tx) =>
    tx.initialise({ ...meta, createdAtMs: 1 }, { ...kek, state: "active" })
  );
  const put = async (path: string, version: number) => {
    const row = { kekGeneration: 1, sealed: sealed(version) };
    await store.write(async (tx) => {
      const { revision } = tx;
      await tx.putHead({
        path,
        revision,
        current: version,
        isPurged: false,
        expiresMs: null,
        ...row,
      });
      await tx.insertVersion(path, {
        ...row,
        version,
        wrappedKey: sealed(4, 61),
        createdAtMs: 1,
      });
    });
  };
  await put("tenants/acme/db", 1);
  return {
    directory,
    store,
    put,
    backUp: async (name, change = {}) => {
      const path = `${directory}/${name}`;
      const copied = await copyDatabase({ source, target: path });
      const manifest = {
        ...copied,
        createdAtMs: CREATED_MS,
        spike: "0.1.0",
        checkpoint: "",
        key: KEY,
        ...change,
      };
      await Deno.writeTextFile(`${path}.manifest`, signManifest(manifest, sign));
      return path;
    },
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** Whether an error is of a code, with a message that matches. */
export function isSpikeError(code: ErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof SpikeError && error.code === code && message.test(error.message);
}
