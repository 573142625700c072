import { quoteValue } from "../text/quote.ts";
import { SpikeError } from "../error/error.ts";

/** Where a Workload API listens, as `SPIFFE_ENDPOINT_SOCKET` names it. */
export type EndpointAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6_CHARACTERS = /^[0-9A-Fa-f:.]+$/;
const TCP = /^(?:\[([^\]]*)\]|([^[\]:@/?#]*)):([0-9]{1,5})$/;

/** Longest path of a unix socket: `sun_path` less its final NUL. */
const SOCKET_PATH_BYTES = 107;

/** What no address needs, and what could forge or turn around a line that shows it. */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * Reads a Workload API address (SPIFFE Workload Endpoint section 4).
 *
 * Accepted are `unix:///absolute/path` (also `unix:/absolute/path`) and `tcp://<IP>:<port>`. Anything
 * else throws `config_invalid`; names of hosts are refused, because only an IP literal says which
 * network identifies the caller.
 *
 * @example
 * ```ts
 * import { parseEndpoint } from "./endpoint.ts";
 *
 * parseEndpoint("unix:///run/spire/agent/api.sock"); // { kind: "unix", path: "/run/spire/agent/api.sock" }
 * ```
 */
export function parseEndpoint(text: string): EndpointAddress {
  if (CONTROLS.test(text) || CONTROLS.test(decodedOnce(text))) {
    throw refuse(text, "it has a control character");
  }
  if (text.startsWith("unix:")) return parseUnix(text, text.slice("unix:".length));
  if (text.startsWith("tcp:")) return parseTcp(text, text.slice("tcp:".length));
  throw refuse(text, "it has neither the scheme unix nor tcp");
}

/** The address as `parseEndpoint` would read it back. */
export function formatEndpoint(address: EndpointAddress): string {
  if (address.kind === "unix") {
    return `unix://${encodeURI(address.path).replaceAll(/[?#]/g, encodeMark)}`;
  }
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `tcp://${host}:${address.port}`;
}

function encodeMark(character: string): string {
  return character === "?" ? "%3F" : "%23";
}

function parseUnix(text: string, rest: string): EndpointAddress {
  if (/[?#]/.test(rest)) throw refuse(text, "a unix address takes no query and no fragment");
  if (/^\/\/[^/]/.test(rest)) {
    throw refuse(
      text,
      "what follows unix:// is read as a host, the path must start with a third slash",
    );
  }
  const encoded = rest.startsWith("//") ? rest.slice(2) : rest;
  if (!encoded.startsWith("/")) throw refuse(text, "the path must be absolute");
  if (/^\/+$/.test(encoded)) throw refuse(text, "the path is a directory");
  return { kind: "unix", path: decodePath(text, encoded) };
}

/** RFC 3986 section 2.4: percent-encoding is undone exactly once. */
function decodePath(text: string, encoded: string): string {
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch (cause) {
    throw refuse(text, "its percent-encoding is not UTF-8", cause);
  }
  if (path.includes("\0")) throw refuse(text, "the path holds a NUL");
  const bytes = new TextEncoder().encode(path).length;
  if (bytes > SOCKET_PATH_BYTES) {
    throw refuse(text, `the path has ${bytes} bytes, a socket takes at most ${SOCKET_PATH_BYTES}`);
  }
  return path;
}

/** For a look only; what is not UTF-8 is refused later. */
function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function parseTcp(text: string, rest: string): EndpointAddress {
  if (!rest.startsWith("//")) throw refuse(text, "tcp must be followed by two slashes");
  const match = TCP.exec(rest.slice(2));
  if (match === null) {
    throw refuse(text, "a tcp address is an IP, a colon and a port, nothing else");
  }
  const [, ipv6, ipv4, digits] = match;
  const host = ipv6 ?? ipv4 ?? "";
  if (!(ipv6 === undefined ? IPV4.test(host) : isIpv6(host))) {
    throw refuse(text, "the host must be an IP address, not a name");
  }
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw refuse(text, "the port must be from 1 to 65535");
  return { kind: "tcp", host, port };
}

function isIpv6(host: string): boolean {
  return IPV6_CHARACTERS.test(host) && URL.canParse(`http://[${host}]/`);
}

function refuse(text: string, why: string, cause?: unknown): SpikeError {
  return new SpikeError(
    "config_invalid",
    `Workload API address ${quoteValue(text)} is not usable: ${why}; ` +
      "expected unix:///absolute/path or tcp://IP:port",
    {
      hint: "Set SPIFFE_ENDPOINT_SOCKET, for example to unix:///run/spire/agent/sockets/api.sock",
      cause,
    },
  );
}
