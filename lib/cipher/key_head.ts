import { SpikeError } from "../error/error.ts";
import {
  type Keyring,
  Members,
  openRow,
  type RandomSource,
  type RowFormat,
  sealRow,
} from "../seal/mod.ts";
import type { KeyHeadRow } from "../store/port.ts";

/** Number of the plaintext layout of a key's head. */
export const KEY_HEAD_FORMAT = 1;

/** One version of a named key. */
export interface KeyVersion {
  /** From 1, without gaps. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  /** SPIFFE ID, or what renewed the key automatically. */
  readonly createdBy: string;
}

/** Meta data of a named key, bound to the write transaction that stored it. */
export interface KeyHead {
  /** Revision of the write transaction that stored the head. */
  readonly revision: number;
  /** Name of the key. */
  readonly name: string;
  /** 16 bytes, by which ciphertexts name the key. */
  readonly id: Uint8Array;
  /** The lowest version that still decrypts. */
  readonly minVersion: number;
  /** Whether the key is retired: it then neither encrypts nor decrypts. */
  readonly isRetired: boolean;
  /** Time of the last change, milliseconds since the epoch. */
  readonly updatedMs: number;
  /** SPIFFE ID of the last change's caller, or what renewed the key automatically. */
  readonly updatedBy: string;
  /** Ascending; the last one encrypts. */
  readonly versions: readonly KeyVersion[];
}

const encoder = new TextEncoder();

/** Number of the version that encrypts. */
export function newestVersion({ versions }: KeyHead): number {
  return versions.length;
}

/** The plaintext of a head: JSON, members in this order, times in milliseconds, the id in lower-case hex. */
export function encodeKeyHead(head: KeyHead): Uint8Array {
  return encoder.encode(JSON.stringify({
    format: KEY_HEAD_FORMAT,
    revision: head.revision,
    name: head.name,
    id: head.id.toHex(),
    min: head.minVersion,
    retired: head.isRetired,
    updated: head.updatedMs,
    updatedBy: head.updatedBy,
    versions: head.versions.map(({ number, createdMs, createdBy }) => ({
      number,
      created: createdMs,
      createdBy,
    })),
  }));
}

/**
 * Decodes what {@linkcode encodeKeyHead} made.
 *
 * @throws {SpikeError} `state_integrity_check` for another layout; the bytes were authentic, so another version of this
 * program or a bug wrote it
 */
export function decodeKeyHead(plaintext: Uint8Array): KeyHead {
  const head = Members.read(plaintext, "Head of a cipher key");
  head.format(KEY_HEAD_FORMAT);
  return {
    revision: head.integer("revision"),
    name: head.text("name"),
    id: head.bytes("id", "hex"),
    minVersion: head.integer("min"),
    isRetired: head.boolean("retired"),
    updatedMs: head.integer("updated"),
    updatedBy: head.text("updatedBy"),
    versions: head.list("versions").map((version) => ({
      number: version.integer("number"),
      createdMs: version.integer("created"),
      createdBy: version.text("createdBy"),
    })),
  };
}

const FORMAT: RowFormat<KeyHead> = {
  table: "keyhead",
  encode: encodeKeyHead,
  decode: decodeKeyHead,
  damaged: damagedKey,
};

/** Seals a head under a KEK, bound to its store, its name and the generation. */
export function sealKeyHead(
  keyring: Keyring,
  head: KeyHead,
  kekGeneration: number,
  random: RandomSource,
): KeyHeadRow {
  return sealRow(FORMAT, keyring, head, { kekGeneration, random });
}

/**
 * Opens a head.
 *
 * @throws {SpikeError} `state_integrity_check` that names the key, for a row that is not what was stored
 */
export function openKeyHead(keyring: Keyring, row: KeyHeadRow): KeyHead {
  return openRow(FORMAT, keyring, row);
}

/** The error for a cipher key whose rows are not what was stored. */
export function damagedKey(name: string, cause?: unknown): SpikeError {
  return new SpikeError("state_integrity_check", `Cipher key ${name} is not what was stored`, {
    hint: "Its rows were changed outside spike; restore the store from a backup",
    cause,
  });
}
