import type { Handlers } from "../../../lib/http/app.ts";
import { formatTime } from "../../../lib/api/mod.ts";
import { SpikeError } from "../../../lib/error/mod.ts";
import {
  DEFAULT_KEY,
  DEFAULT_KEY_NAME,
  type KeyHead,
  type KeyReader,
  keyRowName,
  newestVersion,
  parseKeyName,
} from "../../../lib/cipher/mod.ts";
import type { StoreReader } from "../../../lib/store/mod.ts";
import type { CorePort } from "../core/core_port.ts";

/** The operations on cipher keys. */
export type CipherKeyOperation = `cipher.key.${"create" | "rotate" | "set" | "list"}`;

/** What the handlers work with. */
export interface CipherKeyParts {
  readonly core: Pick<
    CorePort,
    "createCipherKey" | "rotateCipherKey" | "setCipherKey" | "rotateDefaultKey"
  >;
  readonly store: Pick<StoreReader, "key" | "keys">;
  readonly keys: () => KeyReader;
  /** Called for each key of a listing whose rows are damaged. */
  readonly onDamage: (reason: unknown) => void;
}

/** Every operation on cipher keys, on a reader of this thread and the port to the one writer. */
export function createCipherKeyHandlers(parts: CipherKeyParts): Handlers<CipherKeyOperation> {
  const { core, store } = parts;
  const answer = async (head: KeyHead) => encodeKey(head, await spent(store, head));
  return {
    "cipher.key.create": async ({ key }, call) =>
      await answer(await core.createCipherKey({ name: parseKeyName(key), call })),
    "cipher.key.rotate": async ({ key }, call) => {
      if (key !== DEFAULT_KEY_NAME) {
        return await answer(await core.rotateCipherKey({ name: parseKeyName(key), call }));
      }
      await core.rotateDefaultKey({ call });
      return await defaultKey(store);
    },
    "cipher.key.set": async ({ key, minVersion, retired }, call) => {
      if (minVersion === undefined && retired === undefined) {
        throw new SpikeError("api_bad_request", "Neither minVersion nor retired is given");
      }
      return await answer(
        await core.setCipherKey({
          name: parseKeyName(key),
          call,
          ...(minVersion === undefined ? {} : { minVersion }),
          ...(retired === undefined ? {} : { isRetired: retired }),
        }),
      );
    },
    "cipher.key.list": async ({ key }) => ({ keys: await listed(parts, key) }),
  };
}

async function listed({ keys, store, onDamage }: CipherKeyParts, key: string): Promise<unknown[]> {
  if (key === DEFAULT_KEY_NAME) return [await defaultKey(store)];
  const heads = key === "" ? await keys().list(onDamage) : [await keys().head(key)];
  const named = await Promise.all(
    heads.map(async (head) => encodeKey(head, await spent(store, head))),
  );
  return key === "" ? [await defaultKey(store), ...named] : named;
}

async function spent(store: Pick<StoreReader, "key">, head: KeyHead): Promise<number> {
  return (await store.key(keyRowName(head.name), newestVersion(head)))?.reservedSeals ?? 0;
}

function encodeKey(head: KeyHead, encryptions: number): unknown {
  return {
    key: head.name,
    id: head.id.toHex(),
    version: newestVersion(head),
    minVersion: head.minVersion,
    ...(head.isRetired ? { retired: true } : {}),
    createdTime: formatTime(head.versions[0]?.createdMs ?? 0),
    updatedTime: formatTime(head.updatedMs),
    encryptions,
  };
}

/** It has no head: its ciphertexts name no key, and all its versions decrypt. */
async function defaultKey(store: Pick<StoreReader, "keys">): Promise<unknown> {
  const rows = await store.keys(DEFAULT_KEY);
  const newest = rows.at(-1);
  return {
    key: DEFAULT_KEY_NAME,
    id: "",
    version: newest?.version ?? 0,
    minVersion: 1,
    createdTime: formatTime(rows[0]?.createdAtMs ?? 0),
    updatedTime: formatTime(newest?.createdAtMs ?? 0),
    encryptions: newest?.reservedSeals ?? 0,
  };
}
