import { SpikeError } from "../api/error.ts";
import {
  type Keyring,
  openRecord,
  type Place,
  type RandomSource,
  sealRecord,
} from "../seal/mod.ts";
import { isDamage } from "../secret/damage.ts";
import type { KeyHeadRow } from "../store/port.ts";

/** Number of the plaintext layout of a key's head. */
export const KEY_HEAD_FORMAT = 1;

/** One version of a named key. */
export interface KeyVersion {
  /** From 1, without gaps. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  /** SPIFFE ID, or what renewed it by itself. */
  readonly createdBy: string;
}

/** What is known of a named key beside its bytes, bound to the write transaction that stored it. */
export interface KeyHead {
  readonly revision: number;
  readonly name: string;
  /** 16 bytes, by which ciphertexts name the key. */
  readonly id: Uint8Array;
  /** The lowest version that still decrypts. */
  readonly minVersion: number;
  /** Whether the key is out of use: it then neither encrypts nor decrypts. */
  readonly isRetired: boolean;
  readonly updatedMs: number;
  readonly updatedBy: string;
  /** Ascending; the last one encrypts. */
  readonly versions: readonly KeyVersion[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

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
 * Reads what {@linkcode encodeKeyHead} made. The bytes were authentic, so what does not fit was written by another
 * program version or a bug: throws `state_integrity_check`.
 */
export function decodeKeyHead(plaintext: Uint8Array): KeyHead {
  const head: unknown = JSON.parse(decoder.decode(plaintext));
  const format = integer(head, "format");
  if (format !== KEY_HEAD_FORMAT) {
    throw new SpikeError(
      "state_integrity_check",
      `Head of a cipher key has format ${format}, this program knows ${KEY_HEAD_FORMAT}`,
      { hint: "Run the version of spike that wrote it, or a newer one" },
    );
  }
  return {
    revision: integer(head, "revision"),
    name: text(head, "name"),
    id: Uint8Array.fromHex(text(head, "id")),
    minVersion: integer(head, "min"),
    isRetired: member(head, "retired") === true,
    updatedMs: integer(head, "updated"),
    updatedBy: text(head, "updatedBy"),
    versions: list(head, "versions").map((version) => ({
      number: integer(version, "number"),
      createdMs: integer(version, "created"),
      createdBy: text(version, "createdBy"),
    })),
  };
}

/** Seals a head under a KEK, bound to its store, its name and the generation. */
export function sealKeyHead(
  keyring: Keyring,
  head: KeyHead,
  kekGeneration: number,
  random: RandomSource,
): KeyHeadRow {
  const place = placeOf(keyring, head.name, kekGeneration);
  const sealed = sealRecord(keyring.kek(kekGeneration), place, encodeKeyHead(head), random);
  return { name: head.name, revision: head.revision, kekGeneration, sealed };
}

/** Opens a head. Throws `state_integrity_check`, naming the key, for a row that is not what was stored. */
export function openKeyHead(keyring: Keyring, row: KeyHeadRow): KeyHead {
  const { name, revision, kekGeneration, sealed } = row;
  try {
    const kek = keyring.kek(kekGeneration);
    const head = decodeKeyHead(openRecord(kek, placeOf(keyring, name, kekGeneration), sealed));
    if (head.name !== name || head.revision !== revision) throw damagedKey(name);
    return head;
  } catch (reason) {
    throw isDamage(reason) ? damagedKey(name, reason) : reason;
  }
}

/** A cipher key whose rows are not what was stored. */
export function damagedKey(name: string, cause?: unknown): SpikeError {
  return new SpikeError("state_integrity_check", `Cipher key ${name} is not what was stored`, {
    hint: "Its rows were changed outside spike; restore the store from a backup",
    cause,
  });
}

function placeOf({ storeId }: Keyring, name: string, kekGeneration: number): Place {
  return { storeId, table: "keyhead", path: name, version: 0, kekGeneration };
}

function member(value: unknown, name: string): unknown {
  const members: Record<string, unknown> = Object(value);
  return members[name];
}

function integer(value: unknown, name: string): number {
  const found = member(value, name);
  return typeof found === "number" && Number.isSafeInteger(found) ? found : misshapen(name);
}

function text(value: unknown, name: string): string {
  const found = member(value, name);
  return typeof found === "string" ? found : misshapen(name);
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name);
  return Array.isArray(found) ? found : misshapen(name);
}

function misshapen(name: string): never {
  throw new SpikeError(
    "state_integrity_check",
    `Head of a cipher key has no usable member ${name}`,
  );
}
