import { SpikeError } from "../../lib/error/error.ts";
import { quoteValue } from "../../lib/text/quote.ts";
import { directory } from "../../lib/config/place_kind.ts";
import { Refusal } from "../../lib/config/kind.ts";
import { placeOf } from "../../lib/config/resolve.ts";
import { makeOwnDirectory } from "../../lib/file/own_place.ts";
import { openSqlite } from "../../lib/store/mod.ts";
import {
  exists,
  onFiles,
  ownDirectory,
  readIfThere,
  removeFile,
  replaceFile,
  tryLock,
} from "./file.ts";
import { type Layout, layoutOf } from "./layout.ts";
import type { Say } from "./say.ts";
import { leaseAnyPorts, leaseSamePorts, type PortLease } from "./ports.ts";

/** A former system's processes end within seconds of their supervisor; its ports are waited for so long. */
const PORT_PATIENCE_MS = 15_000;

/** What a directory tells of the system that was in it. */
export interface Home {
  readonly layout: Layout;
  readonly lease: PortLease;
  /** Text of the kept recovery shards, when there is a database that they are for. */
  readonly kept: string | undefined;
}

export interface HomeOptions {
  readonly dir: string;
  /** A short directory of this user, for sockets and locks. */
  readonly runtimeBase: string;
  readonly keepers: number;
  /** Discard what a former system left. */
  readonly isReset: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly say: Say;
}

/**
 * Takes a directory for a new system: makes it, locks it, clears away what would mislead, and finds ports.
 * Everything taken is given back when `stack` is disposed of.
 *
 * @throws SpikeError `fs_directory_creation_failed` when it is no directory to write to, `entity_conflict` when
 *   another supervisor runs there, `root_key_missing` when there are data
 *   whose key is lost
 */
export async function openHome(options: HomeOptions, stack: AsyncDisposableStack): Promise<Home> {
  const { dir, runtimeBase } = options;
  checkPlace(dir, options.env);
  const layout = await onFiles(
    "fs_directory_creation_failed",
    `Cannot use --dir ${dir}`,
    async () => {
      makeOwnDirectory(dir);
      const made = layoutOf(await Deno.realPath(dir), runtimeBase);
      stack.use(lockHome(made));
      return made;
    },
  );
  await removeFile(layout.env);
  await removeFile(layout.supervisor);
  if (options.isReset) await discard(layout, options.say);
  const kept = await assertOpenable(layout);
  for (const path of [layout.data, layout.log, layout.run]) await ownDirectory(path);
  stack.defer(() => Deno.remove(layout.run, { recursive: true }));
  const lease = stack.use(await leasePorts(layout, options));
  return { layout, lease, kept };
}

/** Nexus would refuse such a place, too, but later and in words of its own settings. */
function checkPlace(dir: string, env: HomeOptions["env"]): void {
  const place = placeOf(env);
  const answer = directory("data").parse(dir, place);
  if (!(answer instanceof Refusal)) return;
  throw new SpikeError("usage", `--dir is ${quoteValue(dir)}, expected ${answer.expected}`);
}

function lockHome({ lock, dir }: Layout): Disposable {
  const file = tryLock(lock);
  if (file !== undefined) return file;
  throw new SpikeError("entity_conflict", `A development system already runs in ${dir}`, {
    hint: `Use it (. ${dir}/env), stop it, or choose another --dir`,
  });
}

async function discard(layout: Layout, say: Say): Promise<void> {
  if (await exists(layout.data)) {
    await Deno.remove(layout.data, { recursive: true });
    say(`Discarded ${layout.data}`);
  }
  if (await exists(layout.kept)) {
    await removeFile(layout.kept);
    say(`Discarded ${layout.kept}`);
  }
}

async function assertOpenable(layout: Layout): Promise<string | undefined> {
  if (!await holdsData(`${layout.data}/spike.db`)) return undefined;
  const kept = await readIfThere(layout.kept);
  if (kept !== undefined) return kept;
  throw new SpikeError(
    "root_key_missing",
    `The data in ${layout.dir} are from an earlier run; its root key is lost, because only its processes held it in memory`,
    {
      hint: "Discard the data with --reset, or choose another --dir; " +
        "with --keep from the beginning, a directory can be started again",
    },
  );
}

/** Whether there is a database that belongs to a root key. */
async function holdsData(path: string): Promise<boolean> {
  if (!await exists(path)) return false;
  const store = openSqlite({ path, mode: "write" });
  try {
    return await store.meta() !== undefined;
  } finally {
    await store.close();
  }
}

async function leasePorts(layout: Layout, options: HomeOptions): Promise<PortLease> {
  const { keepers, runtimeBase, say } = options;
  const request = { dir: layout.dir, lockDir: runtimeBase, keepers, isClaimed };
  const former = portOf(await readIfThere(layout.system));
  if (former !== undefined) {
    const same = await leaseSamePorts(former, request, PORT_PATIENCE_MS);
    if (same !== undefined) return same;
    say(
      `Port ${former} or one after it is in use; other ports are used from now on`,
    );
  }
  const lease = leaseAnyPorts(request);
  await replaceFile(layout.system, `${JSON.stringify({ port: lease.ports.nexus })}\n`);
  return lease;
}

/** Whether the system in another directory will want this port again. */
function isClaimed(dir: string, port: number): boolean {
  try {
    return portOf(Deno.readTextFileSync(layoutOf(dir, "").system)) === port;
  } catch (error) {
    // Gone, or not for this user to know.
    const { NotFound, NotADirectory, PermissionDenied } = Deno.errors;
    if ([NotFound, NotADirectory, PermissionDenied].some((kind) => error instanceof kind)) {
      return false;
    }
    throw error;
  }
}

/** The first port in the text of a system file. */
function portOf(text: string | undefined): number | undefined {
  const digits = /"port":(\d{1,5})\b/.exec(text ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
