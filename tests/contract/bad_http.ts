/** HTTP that nobody should send, byte for byte, and what comes back. */

/** What comes back. */
export type Outcome =
  /** As if nothing odd had been about it. */
  | "served"
  /** Status 400 with the code alone, whatever the path; the connection may stay. */
  | "refused"
  /** The same, as the last answer of the connection. */
  | "last refusal"
  /** No answer: there was no whole request. */
  | "ended";

/** One piece of odd HTTP. */
export interface OddHttp {
  readonly what: string;
  readonly bytes: string;
  /** Whether the client ends its side afterwards. */
  readonly isFinished?: true;
  readonly gives: Outcome;
}

const LIST = "/v1/store/secrets?action=list";
const CHUNKED = "transfer-encoding: chunked\r\n";
const LONG = 100_000;

type Table = Readonly<Record<string, string>>;

function all(table: Table, gives: Outcome, isFinished?: true): OddHttp[] {
  return Object.entries(table).map(([what, bytes]) => ({
    what,
    bytes,
    gives,
    ...(isFinished ? { isFinished } : {}),
  }));
}

/** A request with a body of two bytes; a host unless there is one among the headers. */
function request(headers: string, target = LIST, method = "POST", version = "HTTP/1.1"): string {
  const host = /^host/im.test(headers) ? "" : "host: localhost\r\n";
  return `${method} ${target} ${version}\r\n${host}${headers}content-length: 2\r\n\r\n{}`;
}

/** The same request with its body in chunks as given. */
function chunked(chunks: string, headers = CHUNKED): string {
  return `POST ${LIST} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n${chunks}`;
}

const at = (target: string) => request("", target);
const withHost = (host: string) => request(`host: ${host}\r\n`);
const withLength = (length: string) =>
  `POST ${LIST} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${length}\r\n\r\n{}`;
const bare = (method: string, target = LIST) => `${method} ${target} HTTP/1.1\r\nhost: a\r\n\r\n`;

const METHODS: readonly OddHttp[] = [
  ...all({
    "TRACE": bare("TRACE"),
    "OPTIONS": bare("OPTIONS"),
    "a method of somebody else": bare("M-SEARCH"),
    "GET with a body": request("", LIST, "GET"),
    "an upgrade by GET":
      "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
      "sec-websocket-key: x\r\n\r\n",
  }, "refused"),
  ...all({
    "an unknown method": bare("FOO"),
    "post in lower case": bare("post"),
    "CONNECT to an address": bare("CONNECT", "localhost:80"),
    "CONNECT to a path": bare("CONNECT"),
  }, "last refusal"),
  ...all({
    "an upgrade by POST": request("connection: upgrade\r\nupgrade: websocket\r\n"),
    "an upgrade to HTTP/2": request("connection: upgrade, http2-settings\r\nupgrade: h2c\r\n"),
    "a method in a header": request("x-http-method-override: DELETE\r\n"),
  }, "served"),
];

const VERSIONS: readonly OddHttp[] = [
  ...all({
    "HTTP/1.0": request("", LIST, "POST", "HTTP/1.0"),
    "HTTP/1.0 without a host": `POST ${LIST} HTTP/1.0\r\ncontent-length: 2\r\n\r\n{}`,
    "HTTP/1.0 that stays": request("connection: keep-alive\r\n", LIST, "POST", "HTTP/1.0"),
    "line ends before a request": `\r\n\r\n${request("")}`,
  }, "served"),
  ...all({
    "HTTP/0.9": "GET /\r\n\r\n",
    "HTTP/1.2": request("", LIST, "POST", "HTTP/1.2"),
    "HTTP/9.9": request("", LIST, "POST", "HTTP/9.9"),
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no HTTP": "EHLO localhost\r\n\r\n",
    "TLS inside TLS": "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "noise": "\x01\x02\x7f".repeat(LONG),
    "line ends of one character": request("").replaceAll("\r", ""),
    "a tab in the first line": request("").replace(" ", "\t"),
  }, "last refusal"),
];

const HOSTS: readonly OddHttp[] = [
  ...["a:1", "a_b.c", "127.0.0.1:8553", "[::1]:8553", "EXAMPLE.org", ""].map((host): OddHttp => ({
    what: `host ${host}`,
    bytes: withHost(host),
    gives: "served",
  })),
  ...["a b", "a/b", "u@a", "a#b", "a?b", "a\\b", "[::1", "a:b", "a:123456", "<a>", "\u00e9"].map(
    (host): OddHttp => ({ what: `host ${host}`, bytes: withHost(host), gives: "last refusal" }),
  ),
  ...all({
    "no host": `POST ${LIST} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}`,
    "two hosts": request("host: a\r\nhost: b\r\n"),
    "the same host twice": request("host: a\r\nhost: a\r\n"),
  }, "last refusal"),
];

const TARGETS: readonly OddHttp[] = [
  ...all({
    "an absolute address": at(`https://other.example${LIST}`),
    "a long query": at(`${LIST}&${"a=b&".repeat(3000)}`),
    "a part after #": at(`${LIST}#x`),
    "escaped letters": at("/v1/store/s%65crets?action=list"),
    "a way up": at("/v1/x/../store/secrets?action=list"),
  }, "served"),
  ...all({
    "two slashes": at("//other.example/v1/status"),
    "three slashes": at("///"),
    "half a host": at("//["),
    "an escaped slash": at("/v1%2fstatus"),
    "an escaped zero": at("/v1/status%00"),
    "a broken escape": at("/v1/%zz"),
    "an escape that is no UTF-8": at("/v1/%ff%fe"),
    "a broken escape in the query": at("/v1/store/secrets?action=%zz"),
    "an action that is no UTF-8": at("/v1/store/secrets?action=%ff"),
    "an action in upper case": at("/v1/store/secrets?action=LIST"),
    "a long path": at(`/${"a".repeat(8000)}`),
    "an address without a host": at("https:///v1/status"),
  }, "refused"),
  ...all({
    "a star": at("*"),
    "OPTIONS of a star": bare("OPTIONS", "*"),
    "an address of another kind": at("ftp://localhost/v1/status"),
    "an address of no kind": at("ht!tp://localhost/v1/status"),
    "no slash": at("v1/status"),
    "an authority": at("localhost:8553"),
    "a backslash": at("/v1\\status"),
    "a blank": at("/v1/sta tus"),
    "letters beyond ASCII": at("/v1/st\u00e4tus"),
    "a zero": at("/v1/\0"),
    "a question mark": at("?"),
    "far too long a path": at(`/${"a".repeat(LONG)}`),
  }, "last refusal"),
];

const HEADERS: readonly OddHttp[] = [
  ...all({
    "many headers": request("a: b\r\n".repeat(1500)),
    "a header in another alphabet": request("x: \u00e9\r\n"),
    "no media type": request("content-type:\r\n"),
    "another media type": request("content-type: text/html\r\n"),
    "an expectation that is met": request("expect: 100-continue\r\n"),
    "a connection header of nonsense": request("connection: ,,,x\r\n"),
    "an identity in headers": request("x-forwarded-client-cert: URI=spiffe://spike.ist/x\r\n"),
  }, "served"),
  ...all({
    "too many headers": request("a: b\r\n".repeat(30_000)),
    "headers without end": `POST ${LIST} HTTP/1.1\r\n${"a: b\r\n".repeat(30_000)}`,
    "far too long a header": request(`x: ${"a".repeat(LONG)}\r\n`),
    "a header without a colon": request("bad\r\n"),
    "a blank before a colon": request("x : y\r\n"),
    "a header without a name": request(": y\r\n"),
    "a zero in a header": request("x: \0\r\n"),
    "a control character in a header": request("x: \x01\r\n"),
    "a header on two lines": request("x: y\r\n z\r\n"),
    "half a line end in a header": request("x: a\rb\r\n"),
    "an expectation that is not met": request("expect: tea\r\n"),
  }, "last refusal"),
];

const LENGTHS: readonly OddHttp[] = [
  ...["-1", "two", "+2", "0x2", "2, 2", "2;", "99999999999999999999"].map((length): OddHttp => ({
    what: `a length of ${length}`,
    bytes: withLength(length),
    gives: "last refusal",
  })),
  ...all({
    "two lengths": request("content-length: 3\r\n"),
    "the same length twice": request("content-length: 2\r\n"),
    "a length and chunks": chunked("0\r\n\r\n", `${CHUNKED}content-length: 2\r\n`),
  }, "last refusal"),
];

const WHOLE = "2\r\n{}\r\n0\r\n\r\n";

const CHUNKS: readonly OddHttp[] = [
  ...all({
    "chunks": chunked("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
    "chunks in upper case": chunked(WHOLE, "Transfer-Encoding: CHUNKED\r\n"),
    "a chunk with an extension": chunked("2;a=b\r\n{}\r\n0\r\n\r\n"),
    "trailers": chunked("2\r\n{}\r\n0\r\nx: y\r\n\r\n", `${CHUNKED}trailer: x\r\n`),
  }, "served"),
  ...all({
    "a trailer with a length": chunked("2\r\n{}\r\n0\r\ncontent-length: 99\r\n\r\n"),
    "far too long a trailer": chunked(`2\r\n{}\r\n0\r\nx: ${"y".repeat(LONG)}\r\n\r\n`),
    "a size that is no number": chunked("zz\r\n{}\r\n0\r\n\r\n"),
    "a negative size": chunked("-2\r\n{}\r\n0\r\n\r\n"),
    "a size beyond all": chunked("ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    "a chunk longer than its size": chunked("1\r\n{}\r\n0\r\n\r\n"),
    "another coding": chunked("{}", "transfer-encoding: gzip\r\n"),
    "another coding in chunks": chunked(WHOLE, "transfer-encoding: gzip, chunked\r\n"),
    "chunks in another coding": chunked(WHOLE, "transfer-encoding: chunked, gzip\r\n"),
    "chunks in chunks": chunked(WHOLE, "transfer-encoding: chunked, chunked\r\n"),
    "a coding that looks like chunks": chunked(WHOLE, "transfer-encoding: xchunked\r\n"),
  }, "last refusal"),
];

const HALVES: readonly OddHttp[] = [
  ...all(
    {
      "a whole request, then the end": request(""),
      "a whole request in chunks, then the end": chunked(WHOLE),
    },
    "served",
    true,
  ),
  ...all(
    {
      "nothing, then the end": "",
      "a line end, then the end": "\r\n",
      "half a head, then the end": `POST ${LIST} HTTP/1.1\r\nhost: lo`,
      "half a body, then the end": request("").slice(0, -1),
      "half a chunk, then the end": chunked("ffffffffff\r\n{"),
    },
    "ended",
    true,
  ),
];

/** All of it. */
export const ODD_HTTP: readonly OddHttp[] = [
  ...METHODS,
  ...VERSIONS,
  ...HOSTS,
  ...TARGETS,
  ...HEADERS,
  ...LENGTHS,
  ...CHUNKS,
  ...HALVES,
];

/** Bytes to send once, and bytes to send again and again without end. */
export interface Flood {
  readonly what: string;
  readonly head: string;
  readonly endless: string;
}

const OPEN = `POST ${LIST} HTTP/1.1\r\nhost: localhost\r\n`;
const BODY = "y".repeat(65_536);

export const FLOODS: readonly Flood[] = [
  { what: "chunks", head: `${OPEN}${CHUNKED}\r\n`, endless: `10000\r\n${BODY}\r\n` },
  { what: "chunks of a byte", head: `${OPEN}${CHUNKED}\r\n`, endless: "1\r\na\r\n".repeat(10_000) },
  { what: "one extension of a chunk", head: `${OPEN}${CHUNKED}\r\n2;a=`, endless: BODY },
  {
    what: "a body of a terabyte",
    head: `${OPEN}content-length: 1099511627776\r\n\r\n`,
    endless: BODY,
  },
  { what: "headers", head: OPEN, endless: `x: ${BODY}\r\n` },
  {
    what: "trailers",
    head: `${OPEN}${CHUNKED}\r\n2\r\n{}\r\n0\r\n`,
    endless: "x: y\r\n".repeat(9999),
  },
  { what: "line ends", head: "", endless: "\r\n".repeat(32_768) },
  { what: "requests", head: "", endless: request("").repeat(500) },
  { what: "noise", head: "", endless: "\x00\x01\x02".repeat(20_000) },
];
