import { posix } from "node:path";
import { parseSpiffeId, type SpiffeId } from "../spiffe/id.ts";
import { SpikeError } from "../error/error.ts";
import { type Kind, kindOf, Refusal, type UserEnvironment } from "./kind.ts";

/** Where a server listens; an empty host means every interface, port 0 one that the system picks. */
export interface ListenAddress {
  /** Host name or address; empty for every interface. */
  readonly host: string;
  /** TCP port; 0 for one that the system picks. */
  readonly port: number;
}

function parsePort(digits: string): number | undefined {
  const port = Number(digits);
  return /^\d{1,5}$/.test(digits) && port <= 65_535 ? port : undefined;
}

/** A listen address as the original (`:8553`, `host:8553`) or the seeds (`8553`) write it. */
export const listenAddress: Kind<ListenAddress> = kindOf(
  "a port such as 8553, :8553, host:8553 or [::1]:8553",
  (given) => {
    const match = /^(?:(?:([A-Za-z0-9._-]*)|\[([0-9A-Fa-f:.]+)\]):)?(\d+)$/.exec(given);
    const port = parsePort(match?.[3] ?? "");
    return port === undefined ? undefined : { host: match?.[1] ?? match?.[2] ?? "", port };
  },
  ({ host, port }) => host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
);

/** Address of the health probes; undefined when off. A bare port binds to the loopback address: it is plain HTTP. */
export const probeAddress: Kind<ListenAddress | undefined> = {
  expects:
    "a port of this machine such as 8563, an address such as 127.0.0.1:8563 or :8563, or off",
  parse: (given, place) => {
    if (given.toLowerCase() === "off") return undefined;
    const address = listenAddress.parse(given, place);
    if (address instanceof Refusal) return new Refusal(probeAddress.expects);
    return /^\d+$/.test(given) ? { ...address, host: "127.0.0.1" } : address;
  },
  show: (address) => address === undefined ? "off" : listenAddress.show(address),
};

/** An `https://` URL, perhaps with a path prefix; canonical without a trailing slash. */
export const httpsUrl: Kind<string> = kindOf(
  "an https:// URL with host, optional port and path, and nothing else",
  (given) => {
    if (!URL.canParse(given)) return undefined;
    const url = new URL(given);
    const hasMore = url.username !== "" || url.password !== "" || /[?#]/.test(given);
    if (url.protocol !== "https:" || hasMore) return undefined;
    return url.href.replace(/\/+$/, "");
  },
);

/** A trust domain name, perhaps followed by a path: the text between `spiffe://` and `/spike/…` (SPIFFE-ID section 2). */
export const trustRoot: Kind<string> = kindOf("a trust domain such as example.org", (given) => {
  try {
    parseSpiffeId(`spiffe://${given}`);
    return given;
  } catch (error) {
    if (error instanceof SpikeError) return undefined;
    throw error;
  }
});

/** A SPIFFE ID. */
export const spiffeId: Kind<SpiffeId> = kindOf("a SPIFFE ID", (given) => {
  try {
    return parseSpiffeId(given);
  } catch (error) {
    if (error instanceof SpikeError) return undefined;
    throw error;
  }
});

/** `~/x` below the home directory; other texts unchanged. */
function expandHome(given: string, place: UserEnvironment): string | undefined {
  if (given !== "~" && !given.startsWith("~/")) return given;
  return place.homeDir === undefined ? undefined : posix.join(place.homeDir, given.slice(1));
}

/** The path of a file, `~/` expanded. */
export const filePath: Kind<string> = kindOf(
  "a file path (~/ needs HOME)",
  (given, place) => expandHome(given, place),
);

/** Directories of the system. Neither they nor directories below them are accepted. */
const RESTRICTED = [
  "/etc",
  "/sys",
  "/proc",
  "/dev",
  "/bin",
  "/sbin",
  "/usr",
  "/lib",
  "/lib64",
  "/boot",
  "/root",
];

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/** The default directory below the home directory; undefined for a user without one. */
export function ownDirectory({ homeDir }: UserEnvironment, name: string): string | undefined {
  return homeDir === undefined ? undefined : posix.join(homeDir, ".spike", name);
}

/**
 * An absolute directory outside the directories of the system, with `suffix` appended. Directories below the home
 * directory of the user are accepted, also below `/root`.
 */
export function directory(suffix = ""): Kind<string> {
  return kindOf("an absolute directory, or one that starts with ~/", (given, place) => {
    const expanded = expandHome(given, place);
    if (expanded === undefined) return new Refusal("an absolute directory, as HOME is not set");
    if (!posix.isAbsolute(expanded) || expanded.includes("\0")) return undefined;
    const path = posix.join(posix.resolve(expanded), suffix);
    const isOwn = place.homeDir !== undefined && isWithin(path, place.homeDir) &&
      path !== place.homeDir;
    const isRestricted = posix.resolve(expanded) === "/" ||
      RESTRICTED.some((root) => isWithin(path, root));
    if (isRestricted && !isOwn) {
      return new Refusal(`a directory other than / and outside ${RESTRICTED.join(", ")}`);
    }
    return path;
  });
}

/** Where audit records go besides their log. */
export type SinkSetting =
  | { readonly kind: "stdout" }
  | { readonly kind: "file" | "unix"; readonly path: string };

/** Longest path of a unix socket: `sun_path` less its final NUL. */
const SOCKET_PATH_BYTES = 107;

/** `stdout`, `file:/path` or `unix:/path`. */
export const auditSink: Kind<SinkSetting> = kindOf(
  "stdout, file:/path or unix:/path",
  (given) => {
    if (given === "stdout") return { kind: "stdout" };
    const [, kind, path] = /^(file|unix):(\/[^,]+)$/.exec(given) ?? [];
    if (kind === "unix" && new TextEncoder().encode(path).length > SOCKET_PATH_BYTES) {
      return new Refusal(`a path of a socket of at most ${SOCKET_PATH_BYTES} bytes`);
    }
    return path === undefined ? undefined : { kind: kind === "file" ? "file" : "unix", path };
  },
  (sink) => sink.kind === "stdout" ? "stdout" : `${sink.kind}:${sink.path}`,
);
