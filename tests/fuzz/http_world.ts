/** Servers without a network, for requests that are nearly right; and what no answer of theirs may be. */
import assert from "node:assert/strict";
import { createApp } from "../../lib/http/app.ts";
import { authorizeByRole } from "../../lib/access/authorize.ts";
import { isErrorCode, SpikeError } from "../../lib/error/error.ts";
import { STREAM_TYPE } from "../../lib/http/raw.ts";
import type { Fetch, Peer } from "../../lib/mtls/mod.ts";
import { ordinarySlots } from "../../lib/seal/mod.ts";
import { DEFAULT_TRUST_ROOTS, parseSpiffeId } from "../../lib/spiffe/mod.ts";
import { createHandlers } from "../../roles/keeper/handlers.ts";
import { ShardSlots } from "../../roles/keeper/slots.ts";
import { idOf, startApps } from "../../roles/nexus/request/_app_fixture.ts";
import { keepLines, type Line } from "../../lib/telemetry/_sink.ts";
import type { HttpCase } from "./http_case.ts";

/** In a secret that nobody of the callers of its world may read. */
export const CANARY = "canary-5f1d2c";

/** Who can change what others may do is in a world of their own, where there is nothing to find. */
const MIGHTY = ["superuser", "superuser", "superuser", "admin", "operator"].map(idOf);
const WEAK = [
  ...["recover", "restore", "bootstrap", "nexus", "keeper", "lite"].map(idOf),
  "spiffe://spike.ist/workload/tenant",
  "spiffe://spike.ist/workload/stranger",
  "spiffe://other.example/spike/pilot/role/superuser",
];
const OF_KEEPERS = ["nexus", "bootstrap"].map(idOf);

/** Statuses that the wire format has; the last four only where an addition of ours was used. */
const STATUSES = [200, 400, 401, 404, 500, 503, 304, 409, 412, 429];

/** What tells of the inside: a frame of a stack, a path of the machine. */
const INSIDE = /\bat \S+ \(|file:\/\/|node_modules|\.ts:\d+/;

/** An answer that was looked at. */
export interface Told {
  readonly status: number;
  readonly text: string;
}

/** Both servers; the store of Nexus is in memory, and lasts for a run. */
export class HttpWorld implements AsyncDisposable {
  readonly #mighty: Awaited<ReturnType<typeof startApps>>;
  readonly #weak: Awaited<ReturnType<typeof startApps>>;
  readonly #keeper: { readonly fetch: Fetch; readonly lines: readonly Line[] };

  private constructor(
    mighty: Awaited<ReturnType<typeof startApps>>,
    weak: Awaited<ReturnType<typeof startApps>>,
  ) {
    this.#mighty = mighty;
    this.#weak = weak;
    this.#keeper = startKeeper();
  }

  static async start(): Promise<HttpWorld> {
    const [mighty, weak] = [await startApps(), await startApps()];
    const put = async (route: "secret" | "policy", body: unknown) => {
      assert.equal((await weak.ask(idOf("superuser"), route, body)).status, 200);
    };
    for (const path of ["vault/canary", "tenants/other/db"]) {
      await put("secret", { path, values: { k: CANARY } });
    }
    await put("secret", { path: "tenants/acme/db", values: { k: "v" } });
    await put("policy", {
      name: "tenant",
      spiffeidPattern: "^spiffe://spike\\.ist/workload/tenant$",
      pathPattern: "^tenants/acme/.*$",
      permissions: ["read", "write", "list"],
    });
    return new HttpWorld(mighty, weak);
  }

  /** Sends a case and looks at what comes back. Throws for what must never come back. */
  async judge(it: HttpCase): Promise<Told> {
    const isMighty = it.caller % 4 !== 3;
    const list = it.server === "keeper" ? OF_KEEPERS : isMighty ? MIGHTY : WEAK;
    const id = list[(it.caller >> 2) % list.length] ?? "";
    const world = it.server === "keeper" ? this.#keeper : isMighty ? this.#mighty : this.#weak;
    const from = world.lines.length;
    const told = await send(world.fetch, it, id);
    for (const { event, fields } of world.lines.slice(from)) {
      assert.ok(
        !/crashed|failed$/.test(event) || event === "operation_failed",
        `${event} ${JSON.stringify(fields)}`,
      );
    }
    return told;
  }

  /** Throws unless both servers still serve. */
  async assertAlive(): Promise<void> {
    const secret = { path: "alive/x", values: { k: "v" } };
    for (const { ask } of [this.#mighty, this.#weak]) {
      assert.equal((await ask(idOf("superuser"), "secret", secret)).status, 200);
      assert.equal((await ask(idOf("superuser"), "secret:get", { path: secret.path })).status, 200);
    }
    const probe = {
      server: "keeper",
      caller: 0,
      method: "POST",
      target: "/v1/store/contribute",
      headers: [],
      body: new TextEncoder().encode('{"probe":true}'),
    } as const;
    assert.equal((await send(this.#keeper.fetch, probe, idOf("nexus"))).status, 200);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mighty[Symbol.asyncDispose]();
    await this.#weak[Symbol.asyncDispose]();
  }
}

function startKeeper() {
  const { log, lines } = keepLines();
  const roots = DEFAULT_TRUST_ROOTS;
  const fetch = createApp({
    server: "keeper",
    handlers: createHandlers(new ShardSlots(ordinarySlots(2)), roots, log),
    assertReady: () => {},
    authorize: ({ id }, { want }) => authorizeByRole(id, want, roots),
    audit: () => Promise.resolve(),
    log,
  });
  return { fetch, lines };
}

async function send(fetch: Fetch, it: HttpCase, id: string): Promise<Told> {
  const peer = { ok: true, id: parseSpiffeId(id), trustDomain: "spike.ist", serial: "0a" } as Peer;
  const request = new Request(new URL(`https://localhost${it.target}`), {
    method: it.method,
    headers: it.headers as [string, string][],
  });
  const isStream = request.headers.get("content-type") === STREAM_TYPE;
  const response = await fetch(request, {
    peer,
    readBody: (limit) =>
      it.body.length <= limit
        ? Promise.resolve(it.body.slice())
        : Promise.reject(new SpikeError("api_bad_request", "Request body is too long")),
    ...(isStream ? { streamBody: () => inPieces(it.body) } : {}),
  });
  return await assertTold(response, it.method);
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.slice(at, at + 7);
}

async function assertTold(response: Response, method: string): Promise<Told> {
  const { status, headers } = response;
  const type = headers.get("content-type") ?? "";
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    // A stream that fails after its head is reset; that is its way to say so.
    assert.equal(type, STREAM_TYPE);
    assert.ok(error instanceof SpikeError, String(error));
    return { status: 400, text: error.code };
  }
  const text = new TextDecoder().decode(bytes);
  assertAnswer({ status, type, text, isOwn: method !== "HEAD" });
  const length = headers.get("content-length");
  if (length !== null && method !== "HEAD") assert.equal(Number(length), bytes.length);
  return { status, text };
}

/** Throws unless an answer is one that the wire format has, and tells nothing of the inside. */
export function assertAnswer(
  { status, type, text, isOwn }: {
    readonly status: number;
    readonly type: string;
    readonly text: string;
    /** Whether there ought to be a body. */
    readonly isOwn: boolean;
  },
): void {
  assert.ok(STATUSES.includes(status), `status ${status}`);
  assert.doesNotMatch(text, INSIDE);
  if (status === 304 || !isOwn) return;
  if (type.startsWith("text/plain")) {
    const told = text.trimEnd();
    assert.ok(status !== 200 && (isErrorCode(told) || told === "decryption failed"), text);
  } else if (type === "application/json") {
    const body: unknown = JSON.parse(text);
    assert.ok(typeof body === "object" && body !== null && !Array.isArray(body), text);
    if (status === 200) return;
    // The answer of one operation has always spelled it with a capital.
    const { err = (body as { Err?: unknown }).Err } = body as { err?: unknown };
    assert.ok(typeof err === "string" && isErrorCode(err), `${status} ${text}`);
    assert.ok(!text.includes(CANARY), "a refusal holds a secret");
  } else assert.equal(status, 200, `an answer of type ${type}`);
}
