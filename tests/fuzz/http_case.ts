/** Makes requests that are nearly right: a known operation, with something out of place. */
import { OPERATIONS } from "../../lib/api/operation/mod.ts";
import { type Route, ROUTES } from "../../lib/api/route.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateJson } from "./mutate_text.ts";
import type { Random } from "./random.ts";

/** A request as it is handed to a server's routes. */
export interface HttpCase {
  readonly server: Route["server"];
  /** Which of the callers, whatever their number. */
  readonly caller: number;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** What members of messages hold when nothing is wrong with them. */
const GOOD: Readonly<Record<string, readonly string[]>> = {
  path: ['"tenants/acme/db"', '"tenants/acme/api"', '"fuzz/a"', '"vault/canary"'],
  paths: ['["tenants/acme/db","fuzz/a"]'],
  from: ['"tenants/acme/db"'],
  to: ['"tenants/acme/copy"'],
  values: ['{"k":"v"}', '{"user":"ada","pass":"lovelace"}'],
  binary: ['{"k":"AAEC"}'],
  custom: ['{"owner":"ada"}'],
  unset: ['["owner"]'],
  cas: ["0", "1"],
  version: ["0", "1"],
  versions: ["[1]", "[]"],
  limit: ["1", "10"],
  after: ['""', '"tenants/acme/api"'],
  prefix: ['"tenants/"', '""'],
  expiresAt: ['"never"', '"2030-01-02T03:04:05Z"'],
  name: ['"everyone"', '"tenant"'],
  id: ['"everyone"', "1"],
  spiffeidPattern: ['"^spiffe://spike\\\\.ist/workload/nobody$"'],
  pathPattern: ['"^nowhere/.*$"'],
  permissions: ['["read"]', '["read","list"]'],
  spiffeid: ['"spiffe://spike.ist/workload/app"'],
  spiffeids: ['["spiffe://spike.ist/workload/app"]'],
  plaintext: ['"aGVsbG8="', "[104,105]"],
  ciphertext: ['"AAECAwQFBgcICQoLDA0ODxAREhM="'],
  nonce: ['"AAECAwQFBgcICQoL"'],
  key: ['""', '"pay"'],
  aad: ['"aGk="'],
  shard: [JSON.stringify(Array.from({ length: 32 }, (_, i) => i + 1))],
  scheme: ['"gf256"'],
  storeId: [`"${"ab".repeat(16)}"`],
  setId: [`"${"cd".repeat(16)}"`],
  commitment: [`"${"ef".repeat(32)}"`],
  check: [`"${"ef".repeat(32)}"`],
  generation: ["1", "2"],
  threshold: ["2"],
  shares: ["3"],
  index: ["1"],
  stage: ['"current"', '"pending"'],
  accept: ['["gf256"]'],
  reason: ['"drill"'],
};

const deep = (open: string, close: string, depth: number) =>
  open.repeat(depth) + close.repeat(depth);

/** What is good for few members, or none. */
const ODD: readonly string[] = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "-1",
  "1e0",
  "0.5",
  "255",
  "256",
  "4294967296",
  "9007199254740991",
  "9007199254740993",
  "18446744073709551616",
  "1e400",
  '""',
  '" "',
  '"/"',
  '"../x"',
  '"a//b"',
  '"spike/system/acl"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udbff\\udfff"',
  '"e\\u0301"',
  '"\\u202e"',
  '"__proto__"',
  '"="',
  '"AA=="',
  `"${"a".repeat(600)}"`,
  `"${"\u00e9".repeat(300)}"`,
  "[]",
  "[null]",
  "[-1,256]",
  "[[]]",
  '["",""]',
  "{}",
  '{"":""}',
  '{"__proto__":"x"}',
  '{"constructor":"x","toString":"y"}',
  '{"a":"1","a":"2"}',
  '{"k":null}',
  '{"k":{"k":"v"}}',
  deep("[", "]", 40),
  deep('{"a":', "1}", 3),
];

const METHODS = ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "post", "PURGE"];

const MEDIA_TYPES = [
  "application/octet-stream",
  "application/vnd.spike.stream",
  "application/json; charset=utf-16",
  "text/html",
  "",
  "application/octet-stream; x=y",
];

/** Headers that mean something to the routes, or ought not to. */
const HEADERS: readonly (readonly [string, string])[] = [
  ["if-none-match", "*"],
  ["if-none-match", '"1-0123456789ab", W/"x"'],
  ["if-none-match", '"'],
  ["spike-aad", "aGk="],
  ["spike-aad", "!"],
  ["authorization", "Bearer x.y.z"],
  ["authorization", `Bearer ${"a".repeat(4000)}`],
  ["x-forwarded-client-cert", "URI=spiffe://spike.ist/spike/pilot/role/superuser"],
  ["spike-request-id", "1"],
  ["accept", "text/html"],
  ["content-encoding", "gzip"],
  ["x-http-method-override", "DELETE"],
];

const encoder = new TextEncoder();

/** One case. */
export function makeHttpCase(random: Random): HttpCase {
  const route = random.pick(ROUTES);
  const text = messageFor(route, random);
  const body = encoder.encode(random.below(6) === 0 ? mutateJson(text, random) : text);
  const headers: (readonly [string, string])[] = [[
    "content-type",
    random.below(4) === 0 ? random.pick(MEDIA_TYPES) : "application/json",
  ]];
  for (let more = random.below(3); more > 0; more--) headers.push(random.pick(HEADERS));
  return {
    server: route.server,
    caller: random.below(256),
    method: random.below(12) === 0 ? random.pick(METHODS) : "POST",
    target: targetOf(route, random),
    headers,
    body: random.below(8) === 0 ? mutateBytes(body, random) : body,
  };
}

/** A message with the members of the operation: most of them good, some odd, some twice, some missing. */
function messageFor({ operation }: Route, random: Random): string {
  const schema = OPERATIONS[operation].request as unknown as {
    pipe: readonly { entries?: object }[];
  };
  const names = Object.keys(schema.pipe.at(-1)?.entries ?? {});
  const members: string[] = [];
  for (const name of names) {
    if (random.below(10) === 0) continue;
    const written = random.below(8) === 0 ? name.toUpperCase() : name;
    for (let times = random.below(16) === 0 ? 2 : 1; times > 0; times--) {
      members.push(`${JSON.stringify(written)}:${valueOf(name, random)}`);
    }
  }
  if (random.below(8) === 0) members.push(`${random.pick(ODD)}:${random.pick(ODD)}`);
  return `{${members.join(",")}}`;
}

function valueOf(name: string, random: Random): string {
  const good = GOOD[name] ?? ["true", "false"];
  if (random.below(6) > 0) return random.pick(good);
  // What is good for another member is often nearly so for this one.
  return random.below(2) === 0 ? random.pick(ODD) : random.pick(Object.values(GOOD).flat());
}

function targetOf({ path, action }: Route, random: Random): string {
  const whole = action === "" ? path : `${path}?action=${action}`;
  switch (random.below(16)) {
    case 0:
      return `${path}?action=${random.pick(ROUTES).action}&action=${action}`;
    case 1:
      return `${whole}${whole.includes("?") ? "&" : "?"}key=${
        random.pick(["pay", "", "%00", "a/b"])
      }`;
    case 2:
      return random.pick([`${path}/`, `/${path}`, path.toUpperCase(), `${path}/..`, `${path}%2f`]);
    case 3:
      return `/${mutateText(whole.slice(1), random)}`;
    default:
      return whole;
  }
}

function mutateText(text: string, random: Random): string {
  const damaged = mutateBytes(encoder.encode(text), random);
  // Whatever cannot stand in a target is what the raw bytes of `wire` are for.
  return String.fromCharCode(...damaged).replace(/[^!-~]/g, (each) => encodeURIComponent(each));
}

/** The bytes of a request, with its server and caller before them. */
export function encodeHttpCase(it: HttpCase): Uint8Array {
  const head = [
    `${it.method} ${it.target} HTTP/1.1`,
    ...it.headers.map(([name, value]) => `${name}: ${value}`),
    "",
    "",
  ].join("\r\n");
  const bytes = encoder.encode(head);
  const whole = new Uint8Array(2 + bytes.length + it.body.length);
  whole.set([it.server === "nexus" ? 0 : 1, it.caller]);
  whole.set(bytes, 2);
  whole.set(it.body, 2 + bytes.length);
  return whole;
}

/** What `encodeHttpCase` made; undefined for bytes that are no such thing. */
export function decodeHttpCase(input: Uint8Array): HttpCase | undefined {
  const text = new TextDecoder("latin1").decode(input.subarray(2));
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, Math.max(0, end)).split("\r\n");
  const [, method, target] = /^(\S+) (\/\S*) HTTP\/1\.1$/.exec(first) ?? [];
  if (end < 0 || !method || !target) return undefined;
  const headers = lines.map((line) => {
    const at = line.indexOf(":");
    return [line.slice(0, at), line.slice(at + 1).trim()] as const;
  });
  const server = input[0] === 0 ? "nexus" : "keeper";
  const body = input.slice(2 + end + 4);
  return { server, caller: input[1] ?? 0, method, target, headers, body };
}
