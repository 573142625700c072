import { SpikeError } from "../error/error.ts";
import {
  type CompiledPolicy,
  compilePolicy,
  createPolicySet,
  parsePolicyName,
  type PolicySet,
} from "../policy/mod.ts";
import type { Keyring } from "../seal/mod.ts";
import { isSame } from "../cache/cache.ts";
import { isDamage } from "../seal/damage.ts";
import type { PolicyRow, StoreReader } from "../store/port.ts";
import type { PolicyRecord } from "./record.ts";
import { openPolicy } from "./sealer.ts";

/** Selects policies by the text of a stored pattern; without a member, all of them. */
export interface PolicyFilter {
  /** The whole SPIFFE ID pattern, as stored. */
  readonly spiffeidPattern?: string;
  /** The whole path pattern, as stored; ignored when `spiffeidPattern` is given. */
  readonly pathPattern?: string;
}

/** Reads policies. */
export interface PolicyReader {
  /**
   * Reads one policy; undefined when it does not exist.
   *
   * @throws {SpikeError} `api_bad_request` for a malformed name; `state_integrity_check` for a row that is not what was
   * stored
   */
  get(name: string): Promise<PolicyRecord | undefined>;
  /** Names, bytewise ascending. Without a filter, damaged policies are included. */
  list(filter?: PolicyFilter): Promise<readonly string[]>;
  /**
   * All policies, compiled, at least as new as the call. A damaged policy grants nothing; since policies only grant,
   * omitting one can only deny more.
   */
  set(): Promise<PolicySet>;
}

/** What a reader works with. */
export interface PolicyReaderOptions {
  /** Holds the rows of the policies. */
  readonly store: StoreReader;
  /** Opens the rows. */
  readonly keyring: Keyring;
  /** A number that changes with every committed change of policies, before the change is acknowledged. */
  readonly revision: () => number;
  /** Called for each damaged policy when its row is first read, and again when the row changes. */
  readonly onDamage: (failure: SpikeError) => void;
}

/** One stored policy, opened; or not, when it is damaged. */
interface Entry {
  readonly row: PolicyRow;
  readonly opened?: { readonly record: PolicyRecord; readonly compiled: CompiledPolicy };
}

interface Loaded {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly set: PolicySet;
}

/**
 * Creates a reader. Each thread has one. It opens and compiles the policies on first use, and after that only changed
 * ones.
 */
export function createPolicyReader(options: PolicyReaderOptions): PolicyReader {
  const { store, keyring, revision } = options;
  let current: { at: number; loaded: Promise<Loaded> } | undefined;
  let last: Loaded | undefined;

  const load = async () => {
    const { rows } = await store.policies();
    return last = loadedFrom(rows, last, options);
  };
  const loaded = () => {
    // Read before the rows: a later commit makes the next caller read them again.
    const at = revision();
    if (current?.at === at) return current.loaded;
    const mine = { at, loaded: load() };
    current = mine;
    mine.loaded.catch(() => {
      if (current === mine) current = undefined;
    });
    return mine.loaded;
  };

  return {
    async get(name) {
      const row = await store.policy(parsePolicyName(name));
      return row && openPolicy(keyring, row);
    },
    list: async (filter = {}) => names(await loaded(), filter),
    set: async () => (await loaded()).set,
  };
}

function loadedFrom(
  rows: readonly PolicyRow[],
  before: Loaded | undefined,
  options: PolicyReaderOptions,
): Loaded {
  const entries = new Map(
    rows.map((row) => [row.name, entryOf(row, before?.entries.get(row.name), options)]),
  );
  const compiled = [...entries.values()].flatMap(({ opened }) => opened?.compiled ?? []);
  return { entries, set: createPolicySet(compiled) };
}

function entryOf(
  row: PolicyRow,
  before: Entry | undefined,
  { keyring, onDamage }: PolicyReaderOptions,
): Entry {
  if (before && isSameRow(before.row, row)) return before;
  try {
    const record = openPolicy(keyring, row);
    return { row, opened: { record, compiled: compilePolicy(record) } };
  } catch (reason) {
    if (!isDamage(reason) || !(reason instanceof SpikeError)) throw reason;
    onDamage(reason);
    return { row };
  }
}

function isSameRow(a: PolicyRow, b: PolicyRow): boolean {
  return a.revision === b.revision && a.kekGeneration === b.kekGeneration &&
    isSame(a.sealed, b.sealed);
}

/** As in the original, the path filter is ignored when both are given. */
function names({ entries }: Loaded, filter: PolicyFilter): string[] {
  const member = filter.spiffeidPattern ? "spiffeidPattern" : "pathPattern";
  const wanted = filter[member];
  return [...entries.values()]
    .filter(({ opened }) => !wanted || opened?.record[member] === wanted)
    .map(({ row }) => row.name);
}
