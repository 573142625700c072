import { SpikeError } from "../../../lib/error/error.ts";
import { fileFault } from "../../../lib/error/os_file_fault.ts";
import type { PilotSettings } from "../../../lib/config/mod.ts";
import type { EndpointAddress } from "../../../lib/workload_api/endpoint.ts";
import { type Diagnosis, failure, ok, warning } from "./diagnosis.ts";
import { LOCK_ADVICE } from "./nexus.ts";

/** What is known of a file. */
export interface FileFacts {
  readonly kind: "file" | "directory" | "socket" | "other";
  /** Permission bits. */
  readonly mode: number;
  readonly isOwn: boolean;
}

/** What the checks ask of this machine. */
export interface Machine {
  /** Undefined when there is nothing. @throws Error when it cannot be looked at */
  stat(path: string): Promise<FileFacts | undefined>;
  /** Names in a directory that exists. */
  list(path: string): Promise<string[]>;
  /** Connects and hangs up. @throws Error when that fails or takes too long */
  reach(address: EndpointAddress): Promise<void>;
  /** What the system says when memory is to be locked: `ok`, or why not. */
  lockMemory(): Promise<string>;
}

/** Whether the agent's socket can be reached, or the files that take its place are there. */
export async function checkSocket(
  machine: Machine,
  settings: Pick<PilotSettings, "endpointSocket" | "svidFiles">,
): Promise<Diagnosis> {
  const { svidFiles, endpointSocket } = settings;
  if (svidFiles) return await checkSvidFiles(machine, Object.values(svidFiles));
  try {
    const { parseEndpoint } = await import("../../../lib/workload_api/endpoint.ts");
    const address = parseEndpoint(endpointSocket);
    if (address.kind === "unix") {
      const facts = await machine.stat(address.path);
      if (facts?.kind !== "socket") {
        const what = facts === undefined ? "there is nothing" : `there is a ${facts.kind}`;
        return failure("socket", `${endpointSocket}: ${what}`, SOCKET_ADVICE);
      }
    }
    await machine.reach(address);
    return ok("socket", endpointSocket);
  } catch (error) {
    if (error instanceof SpikeError) {
      return failure("socket", error.message, error.hint ?? SOCKET_ADVICE);
    }
    return failure("socket", `${endpointSocket}: ${fileFault(error)}`, SOCKET_ADVICE);
  }
}

const SOCKET_ADVICE = "Start the SPIFFE agent, or set SPIFFE_ENDPOINT_SOCKET to its socket";

async function checkSvidFiles(machine: Machine, paths: readonly string[]): Promise<Diagnosis> {
  const missing: string[] = [];
  for (const path of paths) if (await machine.stat(path) === undefined) missing.push(path);
  if (missing.length === 0) return ok("socket", `not used: files are, ${paths.join(", ")}`);
  return failure(
    "socket",
    `there is no ${missing.join(", ")}`,
    "Check SPIKE_SVID_FILE, SPIKE_SVID_KEY_FILE and SPIKE_BUNDLE_FILE",
  );
}

/** Files whose modes are checked where they exist. */
export interface CheckedPaths {
  readonly keyFile?: string;
  readonly configFile?: string;
  /** Of Nexus, if it runs on this machine as this user. */
  readonly dataDir?: string;
  readonly recoveryDir?: string;
}

/** Looks at who else can read keys and data, or write settings, on this machine. */
export async function checkFiles(machine: Machine, paths: CheckedPaths): Promise<Diagnosis[]> {
  const { keyFile, configFile, dataDir, recoveryDir } = paths;
  const wrong: string[] = [];
  const looked: string[] = [];
  const look = async (path: string | undefined, forbidden: number) => {
    const facts = path === undefined ? undefined : await machine.stat(path);
    if (path === undefined || facts === undefined) return undefined;
    looked.push(path);
    const excess = facts.mode & forbidden;
    if (excess !== 0) {
      wrong.push(
        `${path} has mode ${octal(facts.mode)}, expected ${octal(facts.mode & ~forbidden)}`,
      );
    }
    if (!facts.isOwn) wrong.push(`${path} belongs to another user`);
    return facts;
  };
  try {
    await look(keyFile, 0o077);
    await look(configFile, 0o022);
    for (const dir of [dataDir, recoveryDir]) {
      if (dir === undefined || (await look(dir, 0o077))?.kind !== "directory") continue;
      for (const name of await machine.list(dir)) await look(`${dir}/${name}`, 0o077);
    }
  } catch (error) {
    return [failure("file modes", fileFault(error), "Run spike doctor as the owner of the files")];
  }
  const modes = wrong.length > 0
    ? failure("file modes", wrong.join("; "), "Fix owner and mode: chown, chmod go-rwx")
    : ok(
      "file modes",
      looked.length === 0 ? "there are no files of ours here" : `${looked.length} looked at`,
    );
  if (recoveryDir === undefined) return [modes];
  const shards = looked.some((path) => path.startsWith(`${recoveryDir}/`));
  return shards ? [modes, leftShards(recoveryDir)] : [modes];
}

function leftShards(recoveryDir: string): Diagnosis {
  return warning(
    "recovery files",
    `${recoveryDir} holds files of recovery shards`,
    "Store them separately and offline, then remove them here",
  );
}

/** Whether this user's processes can lock memory. */
export async function checkLocking(machine: Machine): Promise<Diagnosis> {
  const answer = await machine.lockMemory();
  if (answer === "ok") return ok("memory locking", "this user may lock memory");
  return warning("memory locking", `the system answers ${answer}`, LOCK_ADVICE);
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
