import { createHash } from "node:crypto";
import {
  BULK_THRESHOLD,
  newKey,
  type RandomSource,
  type SealBinding,
  sealValue,
  sealValueBulk,
  type ValuePlace,
  wrapDataKey,
} from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { VersionRow } from "../store/port.ts";

/** Which version of which path. */
export interface VersionPlace {
  readonly storeId: Uint8Array;
  readonly path: string;
  readonly version: number;
}

/** What the sealed value is bound to. */
export function valuePlace({ storeId, path, version }: VersionPlace): ValuePlace {
  return { storeId, table: "version", path, version };
}

/** What the wrapped data key is bound to. */
export function keyPlace(
  { storeId, path, version }: VersionPlace,
  kekGeneration: number,
): SealBinding {
  return { storeId, table: "datakey", path, version, kekGeneration };
}

/** SHA-256, native: a value may be a megabyte. */
export function digestOf(sealed: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(sealed).digest());
}

/** Draws a data key, wraps it under `kek`, and seals `plaintext` under it. */
export async function sealNewVersion(
  place: VersionPlace,
  kek: { readonly generation: number; readonly bytes: Uint8Array },
  plaintext: Uint8Array,
  random: RandomSource,
): Promise<Pick<VersionRow, "wrappedKey" | "sealed">> {
  const dataKey = newKey(random);
  try {
    const wrappedKey = wrapDataKey(kek.bytes, keyPlace(place, kek.generation), dataKey, random);
    const seal = plaintext.length < BULK_THRESHOLD ? sealValue : sealValueBulk;
    const sealed = await seal(dataKey, valuePlace(place), plaintext, random);
    return { wrappedKey, sealed };
  } finally {
    wipe(dataKey);
  }
}
