import { SpikeError } from "../api/error.ts";
import {
  type Keyring,
  openRecord,
  type Place,
  type RandomSource,
  sealRecord,
} from "../seal/mod.ts";
import { isDamage } from "../secret/damage.ts";
import type { PolicyRow } from "../store/port.ts";
import { decodePolicy, encodePolicy, type PolicyRecord } from "./record.ts";

/** Seals a policy under a KEK, bound to its store, its name and the generation. */
export function sealPolicy(
  keyring: Keyring,
  record: PolicyRecord,
  kekGeneration: number,
  random: RandomSource,
): PolicyRow {
  const place = placeOf(keyring, record.name, kekGeneration);
  const sealed = sealRecord(keyring.kek(kekGeneration), place, encodePolicy(record), random);
  return { name: record.name, revision: record.revision, kekGeneration, sealed };
}

/** Opens a policy. Throws `state_integrity_check`, naming it, for a row that is not what was stored. */
export function openPolicy(keyring: Keyring, row: PolicyRow): PolicyRecord {
  const { name, revision, kekGeneration, sealed } = row;
  try {
    const kek = keyring.kek(kekGeneration);
    const record = decodePolicy(openRecord(kek, placeOf(keyring, name, kekGeneration), sealed));
    if (record.name !== name || record.revision !== revision) throw damagedPolicy(name);
    return record;
  } catch (reason) {
    throw isDamage(reason) ? damagedPolicy(name, reason) : reason;
  }
}

/** Throws `state_integrity_check` for a row of a transaction that the store has not come to. */
export function requirePast({ name, revision }: PolicyRow, present: number): void {
  if (revision < present) return;
  throw new SpikeError(
    "state_integrity_check",
    `Policy ${name} has revision ${revision}, the store is at ${present - 1}`,
    { hint: "The database was changed outside spike; restore it from a backup" },
  );
}

function placeOf({ storeId }: Keyring, name: string, kekGeneration: number): Place {
  return { storeId, table: "policy", path: name, version: 0, kekGeneration };
}

function damagedPolicy(name: string, cause?: unknown): SpikeError {
  return new SpikeError("state_integrity_check", `Policy ${name} is not what was stored`, {
    hint: "The row was changed outside spike; delete the policy and put it anew",
    cause,
  });
}
