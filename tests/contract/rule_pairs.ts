/** What holds for all routes: wire-api 2 (decoding), 3.1 (before the root key), 3.4 (order of checks), 4 (routing). */
import { gzipSync } from "node:zlib";
import { type Route, ROUTES } from "../../lib/api/mod.ts";
import { type Pair, TIME } from "./pair.ts";
import { badRequest, denied, notFound, refusal } from "./zero.ts";

const SECRETS = "/v1/store/secrets";
const GET = `${SECRETS}?action=get`;
const BAD = badRequest("secret.get");
const DENIED = denied("secret.get");
const MISSING = notFound("secret.get");

/** Path and query of a route. */
export function targetOf({ path, action }: Route): string {
  return action === "" ? path : `${path}?action=${action}`;
}

const NEXUS_ROUTES = ROUTES.filter(({ server }) => server === "nexus");
const METHODS = ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] as const;

const methods: readonly Pair[] = NEXUS_ROUTES.flatMap((route) =>
  (["nexus", "waiting"] as const).flatMap((server) =>
    METHODS.map((method) => ({
      that: `${method} ${targetOf(route)} is refused, with or without a root key (${server})`,
      as: "workload" as const,
      server,
      method,
      at: targetOf(route),
      gives: [400, { err: "api_bad_request" }] as const,
    }))
  )
);

const PATHS = [...new Set(NEXUS_ROUTES.map(({ path }) => path))];
const ACTIONS = [
  ...new Set(["read", "check", "GET", " get", "put", ...ROUTES.map((r) => r.action)]),
];
const UNKNOWN_PATHS = [
  "/",
  "/v1",
  "/v2/store/secrets",
  "/v1/store/secrets/",
  "/v1//store/secrets",
  "/V1/store/secrets",
  "/v1/store/secrets/metadata/",
  "/v1/encrypt",
  "/v1/auth/initialization",
  "/v1/auth/initialization?action=check",
  "/v1/store/keep",
  "/v1/store/shard",
  "/v1/store/contribute",
  "/health",
  "/metrics",
];

/** Paths and actions that no route has. */
const UNKNOWN = [
  ...UNKNOWN_PATHS,
  ...PATHS.flatMap((path) =>
    ACTIONS.filter((action) => !ROUTES.some((r) => r.path === path && r.action === action))
      .map((action) => `${path}?action=${encodeURIComponent(action)}`)
  ),
];

const routing: readonly Pair[] = [
  ...UNKNOWN.map((at): Pair => ({
    that: `${at} is nothing, even for the superuser and with a bad body`,
    as: "superuser",
    at,
    body: "{",
    gives: [400, { err: "api_bad_request" }],
  })),
  ...UNKNOWN.map((at): Pair => ({
    that: `${at} is not ready either`,
    as: "workload",
    server: "waiting",
    at,
    gives: [503, { err: "state_not_ready" }],
  })),
  ...NEXUS_ROUTES.filter((route) => route.servedIn !== "every-state").map((route): Pair => ({
    that: `${route.operation} has to wait for the root key, whoever asks whatever`,
    as: "workload",
    server: "waiting",
    at: targetOf(route),
    body: "{",
    gives: [503, refusal(route.operation, "state_not_ready")],
  })),
  {
    that: "status is told without a root key, too",
    as: "operator",
    server: "waiting",
    at: "/v1/status",
    gives: [200, {
      version: /./,
      state: "waiting",
      backend: "sqlite",
      initialized: false,
      keepers: [1, 2, 3].map((index) => ({
        index,
        url: `https://127.0.0.1:${index}`,
        state: "unreachable",
        detail: /ECONNREFUSED/,
      })),
      threshold: 2,
      shares: 3,
      memoryLocked: (value: unknown) => typeof value === "boolean",
      since: TIME,
    }],
  },
];

function asked(that: string, at: string, body: unknown, gives: Pair["gives"]): Pair {
  return { that, as: "superuser", at, body, gives };
}

const NESTED = "[".repeat(10_000) + "]".repeat(10_000);

const actions: readonly Pair[] = [
  asked("the first action counts", `${GET}&action=delete`, { path: "none" }, MISSING),
  asked(
    "other parameters do not",
    `${SECRETS}?x=1&action=get&Action=list#f`,
    { path: "none" },
    MISSING,
  ),
  asked("an empty action is none", `${SECRETS}?action=`, { path: " " }, badRequest("secret.put")),
  asked(
    "escapes in the query are understood",
    `${SECRETS}?%61ction=%67et`,
    { path: "none" },
    MISSING,
  ),
];

const decoding: readonly Pair[] = [
  asked("names match in any case", GET, { PATH: "none", Version: 0 }, MISSING),
  asked("the last of several counts", GET, '{"path":" ","path":"none"}', MISSING),
  asked("whatever their case", GET, '{"path":"none","PATH":" "}', BAD),
  asked("unknown members do not", GET, { path: "none", x: { y: [null] } }, MISSING),
  asked("blanks do not matter", GET, ' \r\n\t{ "path" : "none" }\n ', MISSING),
  asked("escapes are understood", GET, '{"p\\u0061th":"n\\u006fne"}', MISSING),
  ...["null", "{}"].map((body) => asked(`${body} is all zero values`, GET, body, BAD)),
  ...[
    "",
    " ",
    "{",
    '{"path":"none"} x',
    '{"path":"none"}{}',
    '{"path":"none",}',
    "{'path':'none'}",
    "{path:1}",
    "[]",
    '"none"',
    "1",
    "true",
    "NaN",
    '{"path":"no\nne"}',
    '{"path":"none","version":1.0}',
    '{"path":"none","version":1e0}',
    '{"path":"none","version":01}',
    '{"path":"none","version":"1"}',
    '{"path":"none","version":9223372036854775808}',
    `{"path":"none","x":${NESTED}}`,
    '\ufeff{"path":"none"}',
  ].map((body) => asked(`${JSON.stringify(body).slice(0, 40)} is no request`, GET, body, BAD)),
  asked("bytes that are no UTF-8 are no request", GET, invalidUtf8(), BAD),
  {
    ...asked("an encoding of the body is not undone", GET, gzipSync('{"path":"none"}'), BAD),
    headers: { "content-encoding": "gzip" },
  },
];

function invalidUtf8(): Uint8Array {
  const body = new TextEncoder().encode('{"path":"a?"}');
  return body.with(body.indexOf(0x3f), 0xff);
}

const order: readonly Pair[] = [
  {
    that: "a body that cannot be parsed is refused before the caller is judged",
    as: "workload",
    at: GET,
    body: "{",
    gives: BAD,
  },
  {
    that: "a member of the wrong type, too",
    as: "workload",
    at: GET,
    body: { path: 1 },
    gives: BAD,
  },
  {
    that: "the caller is judged before its members are validated",
    as: "workload",
    at: GET,
    body: { path: " " },
    gives: DENIED,
  },
  asked("members are validated before anything is done", GET, { path: " " }, BAD),
  {
    that: "a denial does not tell what exists",
    as: "workload",
    at: GET,
    body: { path: "none" },
    gives: DENIED,
  },
  {
    that: "a restore of nothing is validated before it is refused",
    as: "restore",
    at: "/v1/operator/restore",
    gives: badRequest("operator.restore"),
  },
];

/** All rows; none counts on another. */
export const RULE_PAIRS: readonly Pair[] = [
  ...methods,
  ...routing,
  ...actions,
  ...decoding,
  ...order,
];
