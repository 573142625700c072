import { SpikeError } from "./error.ts";

/** System error codes by the runtime's error classes; errors of Node listeners carry the code themselves. */
const CODES: readonly (readonly [new (message?: string) => Error, string])[] = [
  [Deno.errors.AddrInUse, "EADDRINUSE"],
  [Deno.errors.AddrNotAvailable, "EADDRNOTAVAIL"],
  [Deno.errors.PermissionDenied, "EACCES"],
];

/** Error `config_invalid` for a listener that cannot be opened, with a hint. An empty host means every address. */
export function listenFault(
  cause: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): SpikeError {
  const { why, hint } = explain(cause, host);
  const where = `${host.includes(":") ? `[${host}]` : host || "*"}:${port}`;
  return new SpikeError("config_invalid", `Cannot listen on ${where}: ${why}`, { hint, cause });
}

/** The reason of {@linkcode listenFault} alone. */
export function listenFaultWords(cause: unknown, host: string): string {
  return explain(cause, host).why;
}

function explain(cause: unknown, host: string): { why: string; hint: string } {
  const code = codeOf(cause);
  switch (code) {
    case "EADDRINUSE":
      return {
        why: "the address is in use (EADDRINUSE)",
        hint: "Another process holds the port; stop it or choose another port",
      };
    // The runtime's own word for it, where several listeners may share a port.
    case "EINVAL":
    case "EADDRNOTAVAIL":
      return {
        why: `${host || "*"} is not an address of this machine (${code})`,
        hint: "Set one of its own addresses, or a port alone such as :8553 for all of them",
      };
    case "ENOTFOUND":
      return {
        why: `the name ${host} cannot be resolved (ENOTFOUND)`,
        hint: "Set an IP address of this machine",
      };
    case "EACCES":
      return {
        why: "permission is denied to this user (EACCES)",
        hint: "Choose a port from 1024 on, or grant the capability CAP_NET_BIND_SERVICE",
      };
    default:
      return { why: code, hint: "Check the address and whether this user may listen on it" };
  }
}

function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const known = CODES.find(([kind]) => cause instanceof kind)?.[1];
  if (known !== undefined) return known;
  if (/failed to lookup address|not known|not resolve/i.test(cause.message)) return "ENOTFOUND";
  const { code } = cause as Error & { code?: unknown };
  if (typeof code === "string") return /^(EAI_|ENOTFOUND)/.test(code) ? "ENOTFOUND" : code;
  return cause.message;
}
