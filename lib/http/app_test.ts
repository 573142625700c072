import assert from "node:assert/strict";
import type { RequestEntry } from "../audit/mod.ts";
import type { Peer } from "../mtls/mod.ts";
import { DEFAULT_TRUST_ROOTS, hasRole, parseSpiffeId, type Role } from "../spiffe/mod.ts";
import { createApp, type Handlers } from "./app.ts";
import { authorizeByRole, denied } from "../access/authorize.ts";
import { SpikeError } from "../error/error.ts";
import { ROUTES } from "../api/route.ts";

type KeeperOperation = "keeper.contribute" | "keeper.shard";

const NEXUS = { ok: true, id: parseSpiffeId("spiffe://spike.ist/spike/nexus") } as Peer;
const STRANGER = { ok: true, id: parseSpiffeId("spiffe://spike.ist/stranger") } as Peer;

/** An app whose every check can be made to fail, and the order in which they were asked. */
function build(options: {
  isReady?: boolean;
  handler?: () => Promise<unknown>;
  audit?: () => Promise<void>;
} = {}) {
  const entries: RequestEntry[] = [];
  const reasons: (string | null)[] = [];
  const correlations: (string | null)[] = [];
  const asked: string[] = [];
  const lines: { event: string; fields: unknown }[] = [];
  const line = (event: string, fields?: unknown) => void lines.push({ event, fields });
  const handler = () => {
    asked.push("operation");
    return options.handler?.() ?? Promise.resolve({ done: true });
  };
  const fetch = createApp<KeeperOperation>({
    server: "keeper",
    handlers: { "keeper.contribute": handler, "keeper.shard": handler } as Handlers<
      KeeperOperation
    >,
    assertReady: () => {
      asked.push("ready");
      if (options.isReady === false) throw new SpikeError("state_not_ready", "Not yet");
    },
    authorize: ({ id }, { want }) => {
      asked.push("caller");
      return authorizeByRole(id, want, DEFAULT_TRUST_ROOTS);
    },
    audit: options.audit ?? ((entry) => Promise.resolve(void entries.push(entry))),
    log: { debug: line, info: line, warn: line, error: line },
  });
  const ask = async (request: Request, body = "{}", peer = NEXUS) => {
    const response = await fetch(request, {
      peer,
      readBody: () => {
        asked.push("body");
        return Promise.resolve(new TextEncoder().encode(body));
      },
    });
    correlations.push(response.headers.get("spike-request-id"));
    reasons.push(response.headers.get("spike-reason"));
    return { status: response.status, text: await response.text() };
  };
  return { correlations, reasons, asked, lines, ask, entries };
}

const URL_OF_SHARD = "https://localhost/v1/store/shard";
const post = (url = URL_OF_SHARD) => new Request(url, { method: "POST" });

Deno.test("a request passes readiness, body, caller and operation, in this order", async () => {
  const { ask, asked } = build();
  assert.deepEqual(await ask(post()), { status: 200, text: '{"done":true}' });
  assert.deepEqual(asked, ["ready", "body", "caller", "operation"]);
});

Deno.test("the method is judged before everything else, readiness before the path", async () => {
  const get = build({ isReady: false });
  const answer = await get.ask(new Request(URL_OF_SHARD));
  assert.deepEqual(answer, { status: 400, text: '{"err":"api_bad_request"}' });
  assert.deepEqual(get.asked, []);
  const unknown = build({ isReady: false });
  const refusal = await unknown.ask(post("https://localhost/nowhere"));
  assert.deepEqual(refusal, { status: 503, text: '{"err":"state_not_ready"}' });
  assert.deepEqual(unknown.asked, ["ready"]);
});

Deno.test("HEAD is refused as any other method", async () => {
  const { ask, asked } = build();
  assert.equal((await ask(new Request(URL_OF_SHARD, { method: "HEAD" }))).status, 400);
  assert.deepEqual(asked, []);
});

Deno.test("an unknown path or action never reads the body", async () => {
  for (const url of ["https://localhost/", `${URL_OF_SHARD}?action=x`, `${URL_OF_SHARD}/`]) {
    const { ask, asked } = build();
    assert.equal((await ask(post(url))).status, 400, url);
    assert.deepEqual(asked, ["ready"]);
  }
});

Deno.test("a body that cannot be decoded is 400 before the caller is judged", async () => {
  const { ask, asked } = build();
  assert.equal((await ask(post(), '{"accept":7}', STRANGER)).status, 400);
  assert.deepEqual(asked, ["ready", "body"]);
});

Deno.test("a caller without the role is 401 and no operation runs", async () => {
  const { ask, asked } = build();
  const answer = await ask(post(), "{}", STRANGER);
  assert.deepEqual(answer, { status: 401, text: '{"shard":null,"Err":"access_unauthorized"}' });
  assert.deepEqual(asked, ["ready", "body", "caller"]);
});

Deno.test("what is behind a status 500 goes to the log and not to the caller", async () => {
  const failing = (error: unknown) => build({ handler: () => Promise.reject(error) });
  const known = failing(new SpikeError("store_failure", "Disk 7 is full"));
  const answer = await known.ask(post());
  assert.deepEqual(answer, { status: 500, text: '{"shard":null,"Err":"store_failure"}' });
  assert.deepEqual(known.lines, [{
    event: "operation_failed",
    fields: {
      operation: "keeper.shard",
      peer: NEXUS.id,
      correlation: known.correlations[0],
      code: "store_failure",
      detail: "Disk 7 is full",
    },
  }]);
  for (const bug of [new TypeError("x is not a function"), "thrown text"]) {
    const { ask, lines } = failing(bug);
    const { status, text } = await ask(post());
    assert.equal(`${status} ${text}`, '500 {"shard":null,"Err":"api_internal_error"}');
    assert.equal(lines[0]?.event, "operation_crashed");
  }
});

Deno.test("a reason travels in a header, and the body is what it is without one", async () => {
  for (const reason of ["sealed", undefined] as const) {
    const refusal = new SpikeError("state_not_ready", "Not now", reason ? { reason } : {});
    const { ask, reasons } = build({ handler: () => Promise.reject(refusal) });
    assert.equal((await ask(post())).text, '{"shard":null,"Err":"state_not_ready"}');
    assert.deepEqual(reasons, [reason ?? null]);
  }
});

Deno.test("who is denied what goes to the log", async () => {
  const { ask, lines, correlations } = build({
    handler: () => Promise.reject(new SpikeError("access_unauthorized", "Not this one")),
  });
  assert.equal((await ask(post())).status, 401);
  assert.deepEqual(lines, [{
    event: "access_denied",
    fields: {
      operation: "keeper.shard",
      peer: NEXUS.id,
      correlation: correlations[0],
      detail: "Not this one",
    },
  }]);
});

Deno.test("a handler that throws before it promises anything is answered, too", async () => {
  const { ask } = build({
    handler: () => {
      throw new SpikeError("shard_held", "Kept");
    },
  });
  assert.equal((await ask(post())).status, 409);
});

Deno.test("a handler that answers nothing is a failure and never an empty success", async () => {
  const { ask } = build({ handler: () => Promise.resolve(undefined) });
  const answer = await ask(post());
  assert.deepEqual(answer, { status: 500, text: '{"shard":null,"Err":"api_internal_error"}' });
});

Deno.test("a denial names the caller and nothing that was asked for", () => {
  assert.equal(denied(NEXUS.id).message, "spiffe://spike.ist/spike/nexus may not do this");
  assert.equal(denied(NEXUS.id).hint, undefined);
});

Deno.test("a role route admits its roles and nobody else, a permission route nobody by role", () => {
  const roles: Role[] = ["nexus", "keeper", "bootstrap", "superuser", "recover", "restore", "lite"];
  const idOf = (role: Role) =>
    parseSpiffeId(
      `spiffe://spike.ist/spike/${
        role === "lite"
          ? "workload/role/"
          : ["superuser", "recover", "restore"].includes(role)
          ? "pilot/role/"
          : ""
      }${role}`,
    );
  for (const { want, operation } of ROUTES) {
    for (const role of roles) {
      assert.ok(hasRole(idOf(role), role, DEFAULT_TRUST_ROOTS));
      const mayCall = want.by === "role" && want.roles.includes(role);
      const act = () => authorizeByRole(idOf(role), want, DEFAULT_TRUST_ROOTS);
      if (mayCall) act();
      else assert.throws(act, { code: "access_unauthorized" }, `${operation} by ${role}`);
    }
  }
});

/** What is recorded of one request, apart from what differs each time. */
function recordOf({ entries }: { entries: readonly RequestEntry[] }) {
  assert.equal(entries.length, 1);
  const { correlation: _, timeMs, durationUs, ...rest } = entries[0] as RequestEntry;
  assert.ok(timeMs > 0 && durationUs >= 0);
  return rest;
}

const CALLER = { id: NEXUS.id, trustDomain: undefined, serial: undefined };

Deno.test("a request that was served is recorded with who asked and by what right", async () => {
  const world = build();
  await world.ask(post());
  assert.deepEqual(recordOf(world), {
    server: "keeper",
    caller: CALLER,
    operation: "keeper.shard",
    subject: {},
    grant: { by: "role", name: "nexus" },
    status: 200,
  });
  assert.equal(world.correlations[0], world.entries[0]?.correlation);
  assert.match(world.correlations[0] ?? "", /^[0-9a-f-]{36}$/);
});

Deno.test("whatever fails is recorded with its code, whatever comes of no route with no operation", async () => {
  const denial = build();
  await denial.ask(post(), "{}", STRANGER);
  assert.deepEqual(recordOf(denial), {
    server: "keeper",
    caller: { ...CALLER, id: STRANGER.id },
    operation: "keeper.shard",
    subject: {},
    status: 401,
    code: "access_unauthorized",
  });
  const nowhere = build();
  await nowhere.ask(post("https://localhost/nowhere"));
  const { operation, status, code } = recordOf(nowhere);
  assert.deepEqual([operation, status, code], [null, 400, "api_bad_request"]);
  const crash = build({ handler: () => Promise.reject(new TypeError("x")) });
  await crash.ask(post());
  assert.equal(recordOf(crash).code, "api_internal_error");
});

Deno.test("a request that cannot be recorded fails, whatever came of it", async () => {
  const { ask, asked, lines } = build({ audit: () => Promise.reject(new Error("Disk is full")) });
  const { status, text } = await ask(post());
  assert.equal(`${status} ${text}`, '503 {"shard":null,"Err":"audit_unavailable"}');
  assert.deepEqual(asked, ["ready", "body", "caller", "operation"]);
  assert.equal(lines[0]?.event, "audit_record_failed");
});
