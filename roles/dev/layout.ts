import { createHash } from "node:crypto";

/** Longest path of a unix socket in bytes: `sun_path` less its final NUL. */
const SOCKET_PATH_BYTES = 107;
/** At least as long as the name of every socket. */
const LONGEST_SOCKET = "extra-0123456789ab.sock";

/** Where everything of one system lies. */
export interface Layout {
  readonly dir: string;
  /** Of Nexus. */
  readonly data: string;
  readonly log: string;
  /** Of the sockets; outside `dir` when that is too long for them. */
  readonly run: string;
  readonly env: string;
  /** What stays the same over restarts. */
  readonly system: string;
  /** Held by the supervisor. */
  readonly lock: string;
  /** Tells commands where the supervisor listens. */
  readonly supervisor: string;
  readonly control: string;
  /** Recovery shards, only with `--keep`. */
  readonly kept: string;
}

/** `runtimeBase` is a short directory for sockets that do not fit below `dir`. */
export function layoutOf(dir: string, runtimeBase: string): Layout {
  const run = runDirectory(dir, runtimeBase);
  return {
    dir,
    data: `${dir}/data`,
    log: `${dir}/log`,
    run,
    env: `${dir}/env`,
    system: `${dir}/system.json`,
    lock: `${dir}/supervisor.lock`,
    supervisor: `${dir}/supervisor.json`,
    control: `${run}/control.sock`,
    kept: `${dir}/recovery-shards.txt`,
  };
}

function runDirectory(dir: string, runtimeBase: string): string {
  const inside = `${dir}/run`;
  const length = new TextEncoder().encode(`${inside}/${LONGEST_SOCKET}`).length;
  if (length <= SOCKET_PATH_BYTES) return inside;
  return `${runtimeBase}/${shortHash(dir)}`;
}

/** Twelve hex digits that stand for `text` in a name. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/** The socket of one identity of the system itself. */
export function socketPath({ run }: Layout, name: string): string {
  return `${run}/${name}.sock`;
}
