import { SpikeError } from "../error/error.ts";
import { type Keyring, openRow, type RandomSource, type RowFormat, sealRow } from "../seal/mod.ts";
import type { PolicyRow } from "../store/port.ts";
import { decodePolicy, encodePolicy, type PolicyRecord } from "./record.ts";

const FORMAT: RowFormat<PolicyRecord> = {
  table: "policy",
  encode: encodePolicy,
  decode: decodePolicy,
  damaged: (name, cause) =>
    new SpikeError("state_integrity_check", `Policy ${name} is not what was stored`, {
      hint: "The row was modified outside spike; delete the policy and put it again",
      cause,
    }),
};

/** Seals a policy under a KEK, bound to its store, its name and the generation. */
export function sealPolicy(
  keyring: Keyring,
  record: PolicyRecord,
  kekGeneration: number,
  random: RandomSource,
): PolicyRow {
  return sealRow(FORMAT, keyring, record, { kekGeneration, random });
}

/**
 * Opens a policy.
 *
 * @throws {SpikeError} `state_integrity_check` that names the policy, for a row that is not what was stored
 */
export function openPolicy(keyring: Keyring, row: PolicyRow): PolicyRecord {
  return openRow(FORMAT, keyring, row);
}

/** Throws `state_integrity_check` for a row whose revision the store has not reached. */
export function requirePast({ name, revision }: PolicyRow, present: number): void {
  if (revision < present) return;
  throw new SpikeError(
    "state_integrity_check",
    `Policy ${name} has revision ${revision}, but the store is at ${present - 1}`,
    { hint: "The database was changed outside spike; restore it from a backup" },
  );
}
