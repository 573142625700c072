/** All policies of a directory, or of Nexus. */
import { join } from "node:path";
import { SpikeError } from "../../../lib/error/error.ts";
import { decodeUtf8 } from "../../../lib/input/utf8.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { fileFault } from "../../../lib/error/os_file_fault.ts";
import type { Client } from "../../../lib/client/mod.ts";
import { isPermissionWord } from "../../../lib/policy/permission.ts";
import { parsePolicy, type Policy } from "../../../lib/policy/policy.ts";
import { isStdin, readFile } from "../terminal/input.ts";
import { parsePolicyDocuments, type PlacedDraft } from "./file.ts";

/** A policy of a file, checked, with its place. */
export interface PlacedPolicy {
  readonly policy: Policy;
  readonly file: string;
  readonly line: number;
}

/** What some files hold. */
export interface PolicyFiles {
  /** In the order of files and documents; names differ. */
  readonly policies: readonly PlacedPolicy[];
  /** What is wrong, each with file and line. */
  readonly faults: readonly SpikeError[];
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Requests to Nexus that are under way at a time. */
const AT_ONCE = 8;

/**
 * Reads and checks all policies of files, and of the YAML files of directories and all that is below them. What
 * is hidden is passed over. The path - is standard input where `readStdin` is given.
 *
 * @throws SpikeError `fs_file_open_failed` for what cannot be read
 */
export async function readPolicyFiles(
  paths: readonly string[],
  readStdin?: (limitBytes: number) => Promise<Uint8Array>,
): Promise<PolicyFiles> {
  const policies = new Map<string, PlacedPolicy>();
  const faults: SpikeError[] = [];
  const filesOf = (path: string) => isStdin(path) && readStdin ? [path] : filesAt(path);
  for (const file of (await Promise.all(paths.map(filesOf))).flat()) {
    const isPiped = isStdin(file) && readStdin !== undefined;
    const bytes = isPiped
      ? await readStdin(MAX_FILE_BYTES)
      : await readFile(file, MAX_FILE_BYTES, `File ${quoteValue(file)}`);
    const name = isPiped ? "standard input" : file;
    const text = decodeUtf8(bytes, isPiped ? "Standard input" : `File ${JSON.stringify(file)}`);
    for (const found of parsePolicyDocuments(name, text)) {
      const checked = found instanceof SpikeError ? found : checkAmong(found, policies);
      if (checked instanceof SpikeError) faults.push(checked);
      else policies.set(checked.policy.name, checked);
    }
  }
  return { policies: [...policies.values()], faults };
}

/** All that is wrong as one error. */
export function joinFaults(faults: readonly SpikeError[]): SpikeError {
  const [first] = faults;
  if (faults.length === 1 && first) return first;
  const details = faults.map(({ message }) => message);
  return new SpikeError("data_invalid_input", `${faults.length} policies are not valid`, {
    details,
  });
}

function checkAmong(
  placed: PlacedDraft,
  known: ReadonlyMap<string, PlacedPolicy>,
): PlacedPolicy | SpikeError {
  const { name } = placed.draft;
  const other = known.get(name);
  if (!other) return checkPlaced(placed);
  const first = `${other.file}:${other.line}`;
  return refuse(placed, `Policy ${quoteValue(name)} is defined twice, first in ${first}`);
}

/** Checks a policy of a file as Nexus will; what is wrong is told with file and line. */
export function checkPlaced(placed: PlacedDraft): PlacedPolicy | SpikeError {
  const { draft, file, line } = placed;
  try {
    return { policy: parsePolicy(draft).policy, file, line };
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    return refuse(placed, error.message, error.hint);
  }
}

function refuse({ file, line }: PlacedDraft, message: string, hint?: string): SpikeError {
  const options = hint === undefined ? {} : { hint };
  return new SpikeError("data_invalid_input", `${file}:${line}: ${message}`, options);
}

async function filesAt(path: string): Promise<string[]> {
  try {
    const { isDirectory } = await Deno.stat(path);
    return isDirectory ? await filesBelow(path) : [path];
  } catch (error) {
    if (error instanceof SpikeError) throw error;
    throw new SpikeError(
      "fs_file_open_failed",
      `${JSON.stringify(path)} cannot be read: ${fileFault(error)}`,
      { cause: error },
    );
  }
}

/** Sorted, so that an order of files means the same everywhere. */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = (await Array.fromAsync(Deno.readDir(directory)))
    .filter(({ name }) => !name.startsWith("."))
    .toSorted((a, b) => a.name < b.name ? -1 : 1);
  const found: string[] = [];
  for (const { name, isDirectory } of entries) {
    const path = join(directory, name);
    // The runtime has put U+FFFD where a name is not UTF-8, and could not open it.
    if (name.includes("\ufffd")) {
      throw new SpikeError("fs_file_open_failed", `Name of ${JSON.stringify(path)} is not UTF-8`, {
        hint: "Rename the file",
      });
    }
    if (isDirectory) found.push(...await filesBelow(path));
    else if (/\.ya?ml$/.test(name)) found.push(path);
  }
  return found;
}

/** All policies that Nexus has, by name. One that goes meanwhile is left out. */
export async function readLivePolicies(client: Client): Promise<Policy[]> {
  const names = (await client.listPolicies()).map(({ name }) => name);
  const policies = await inParallel(names, (name) => readLive(client, name));
  return policies.filter((policy) => policy !== undefined);
}

async function readLive(client: Client, name: string): Promise<Policy | undefined> {
  try {
    const { spiffeidPattern, pathPattern, permissions } = await client.getPolicy(name);
    return { name, spiffeidPattern, pathPattern, permissions: permissions.map(toWord) };
  } catch (error) {
    if (error instanceof SpikeError && error.code === "api_not_found") return undefined;
    throw error;
  }
}

function toWord(word: string) {
  if (isPermissionWord(word)) return word;
  throw new SpikeError(
    "data_unmarshal_failure",
    `Nexus has a policy with the permission ${
      JSON.stringify(word)
    }, which this program does not know`,
    { hint: "Use a version of spike that is compatible with Nexus" },
  );
}

/** Does the work for all, a few at a time; answers in their order. */
export async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
