/** Requests that are none, beyond what the runtime's parser refuses by itself, and the one answer to all of them. */
import type { IncomingMessage } from "node:http";

const BODY = '{"err":"api_bad_request"}';

/** The whole answer, for a connection on which no request could be understood. */
export const MALFORMED = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n" +
  `content-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`;

/** A name, an address of version 4, or one of version 6 in brackets; then maybe a port (RFC 3986 section 3.2.2). */
const HOST = /^(?:[a-z0-9._~!$&'()*+,;=%-]*|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i;

/**
 * What is wrong with the head of a request that the parser let through, or undefined: a host that is missing,
 * doubled or none (RFC 9112 section 3.2), a coding of the body that is not understood (section 6.1), an
 * expectation that is not met (RFC 9110 section 10.1.1).
 */
export function headFault(incoming: IncomingMessage): string | undefined {
  const { headers, rawHeaders, httpVersion } = incoming;
  const hosts = rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === "host").length;
  const isHostMissing = hosts === 0 && httpVersion !== "1.0";
  if (isHostMissing || hosts > 1 || !HOST.test(headers.host ?? "")) return "host";
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && coding.toLowerCase() !== "chunked") return "transfer-encoding";
  const expectation = headers.expect;
  if (expectation !== undefined && expectation.toLowerCase() !== "100-continue") return "expect";
  return undefined;
}

/** The last answer of a connection, to a request that never came to a handler or crashed there. */
export function lastResponse(status: 400 | 500): Response {
  const body = status === 400 ? BODY : '{"err":"api_internal_error"}';
  const headers = {
    "content-type": "application/json",
    "content-length": String(body.length),
    "connection": "close",
  };
  return new Response(body, { status, headers });
}
