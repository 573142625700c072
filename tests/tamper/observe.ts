/** What can be seen of a store from outside, as one flat record: so that "and nothing else changed" is one comparison. */
import { SpikeError } from "../../lib/error/error.ts";
import type { StampedShard } from "../../lib/recovery/mod.ts";
import { decide, type Permission } from "../../lib/policy/mod.ts";
import type { SecretNotFound } from "../../lib/secret/mod.ts";
import {
  AUTHOR,
  MAX_VERSIONS,
  type Path,
  PATHS,
  PLACES,
  POLICIES,
  type PolicyName,
} from "./plan.ts";
import { policyOf, type Running, start } from "./scene.ts";

/** By question, such as `get a@2`, what the answer was: a value, a refusal's code and message, or what is missing. */
export type Observation = Readonly<Record<string, string>>;

/** The highest version number that is asked for. */
const ASKED = MAX_VERSIONS + 2;

/** What is seen of a system that was stopped and is started on the file now. */
export async function observeStart(
  path: string,
  shards: readonly StampedShard[],
  cipherKey: Uint8Array,
): Promise<Observation> {
  let system: Running;
  try {
    system = await start(path, shards);
  } catch (reason) {
    return { start: refusal(reason) };
  }
  try {
    return await observe(system, shards, cipherKey);
  } finally {
    await system.close();
  }
}

/** What is seen of a system that runs. Writes come last, since they change it. */
export async function observe(
  system: Running,
  shards: readonly StampedShard[],
  cipherKey: Uint8Array,
): Promise<Observation> {
  const seen: Record<string, string> = { start: stateOf(system) };
  if (system.page.state !== "ready") return seen;
  seen["shards"] = await told(() => compare(system.control.shards(), shards));
  seen["cipher key"] = system.cipherKey.every((byte, i) => byte === cipherKey[i])
    ? "as before"
    : system.cipherKey.some((byte) => byte !== 0)
    ? "another"
    : "none";
  const { reader, policies } = system.services();
  seen["list"] = await told(async () => (await reader.list()).join(" "));
  for (const path of PATHS) Object.assign(seen, await read(system, path));
  seen["policies"] = await told(async () => (await policies.list()).join(" "));
  for (const name of POLICIES) Object.assign(seen, await readPolicy(system, name));
  await Promise.all([
    ...PATHS.map(async (path) => seen[`put ${path}`] = await told(() => write(system, path))),
    ...POLICIES.map(async (name) =>
      seen[`put policy ${name}`] = await told(() => writePolicy(system, name))
    ),
  ]);
  return seen;
}

/** Puts a version and reads it back. */
async function write(system: Running, path: Path): Promise<string> {
  const { reader, writer } = system.services();
  const { version } = await writer.put({ path, values: { v: "after" }, author: AUTHOR });
  const answer = await reader.get({ path });
  const isThere = answer.found && answer.values?.v === "after" && answer.version === version;
  return isThere ? `version ${version}` : `version ${version}, which is not read back`;
}

/** Reads everything once, so that caches are as full as they get. */
export async function warm(system: Running): Promise<void> {
  for (const path of PATHS) await read(system, path);
  for (const name of POLICIES) await readPolicy(system, name);
}

async function readPolicy(system: Running, name: PolicyName): Promise<Observation> {
  const { policies } = system.services();
  const may = (permission: Permission) =>
    told(async () => {
      const question = { id: AUTHOR, path: PLACES[name], wanted: [permission] };
      const decision = decide(await policies.set(), question);
      return decision.allowed ? `by ${decision.policy}` : "no";
    });
  return {
    [`policy ${name}`]: await told(async () => {
      const policy = await policies.get(name);
      return policy ? `${policy.permissions.join(" ")} at ${policy.pathPattern}` : "none";
    }),
    [`read at ${PLACES[name]}`]: await may("read"),
    [`write at ${PLACES[name]}`]: await may("write"),
  };
}

async function writePolicy(system: Running, name: PolicyName): Promise<string> {
  await system.services().policyWriter.put(policyOf(name, ["list"]));
  return "stored";
}

async function read(system: Running, path: Path): Promise<Observation> {
  const { reader } = system.services();
  const seen: Record<string, string> = {};
  for (let version = 0; version <= ASKED; version++) {
    const name = version === 0 ? `get ${path}` : `get ${path}@${version}`;
    seen[name] = await told(async () => {
      const answer = await reader.get({ path, version });
      return answer.found ? String(answer.values?.v) : missing(answer);
    });
  }
  seen[`metadata ${path}`] = await told(async () => {
    const answer = await reader.metadata({ path });
    if (!answer.found) return missing(answer);
    const { current, versions } = answer.head;
    const numbers = versions.map(({ number, deleted }) => deleted ? `-${number}` : number);
    return `current ${current} of ${numbers.join(" ")}`;
  });
  return seen;
}

function missing({ reason }: SecretNotFound): string {
  return `no such ${reason === "deleted" ? "version, deleted" : reason}`;
}

function stateOf({ page, lines }: Running): string {
  if (page.state === "ready") return "ready";
  const why = lines.find(({ event }) => event === "root_key_not_rebuilt")?.fields["reason"];
  return why === undefined ? page.state : `${page.state}: ${why}`;
}

function compare(pushed: readonly StampedShard[], held: readonly StampedShard[]): string {
  const text = (shards: readonly StampedShard[]) =>
    shards.map(({ bytes, stamp }) =>
      [
        bytes.toHex(),
        stamp.setId.toHex(),
        stamp.generation,
        stamp.threshold,
        stamp.storeId?.toHex(),
      ].join()
    );
  return text(pushed).join(" ") === text(held).join(" ") ? "as before" : "others";
}

async function told(work: () => string | Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (reason) {
    return refusal(reason);
  }
}

/** Anything but a refusal that a caller may meet is a bug, and comes through. */
function refusal(reason: unknown): string {
  if (!(reason instanceof SpikeError)) throw reason;
  const message = reason.message
    .replace(/\b(revision|at) \d+/g, "$1 #")
    .replace(/: it has \d+ bytes, its header declares \d+$/, "")
    .replace(/ \/\S+\/spike\.db\b/, " spike.db");
  return `${reason.code}: ${message}`;
}
