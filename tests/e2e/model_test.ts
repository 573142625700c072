/** The model of secrets against a real Nexus: shorter histories, over mutual TLS, on several connections. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { routeUrl } from "../../lib/api/mod.ts";
import { createMtlsClient, type MtlsClient } from "../../lib/mtls/mod.ts";
import {
  type Answer,
  anyRounds,
  type Expiry,
  Model,
  MODEL_MAX_VERSIONS,
  type Read,
  told,
  type Write,
} from "../../lib/secret/model_fixture.ts";
import { parseSecretPath } from "../../lib/secret/name.ts";
import { openSource } from "../../lib/workload_api/open_source.ts";
import { DevSystem, temporaryDirectory } from "./harness.ts";

/** As many connections as reach both request workers, most likely. */
const CONNECTIONS = 4;
const RUNS = 12;
const ROUNDS = 8;

/** One version's pairs, or why there are none. */
interface Pairs {
  readonly err?: string;
  readonly data?: { readonly v?: string } | null;
  readonly binary?: { readonly v?: string };
  readonly version?: number;
}

/** What an answer of Nexus may hold; what it does not hold is undefined. */
interface Body extends Pairs {
  readonly keys?: readonly string[];
  readonly secrets?: readonly Pairs[];
  readonly versions?: Readonly<
    Record<string, { version: number; deletedTime: string | null; destroyedTime?: string }>
  >;
  readonly metadata?: {
    readonly currentVersion: number;
    readonly oldestVersion: number;
    readonly maxVersions: number;
    readonly custom?: { readonly note?: string };
  };
}

type Post = (
  operation: "secret.list" | "secret.batch" | `secret.${Read["kind"] | Write["kind"]}`,
  request: unknown,
) => Promise<Body>;

/** Clients of Nexus as the superuser, each with a connection of its own. */
async function connect(
  system: DevSystem,
  out: string,
): Promise<{ posts: Post[] } & AsyncDisposable> {
  const id = "spiffe://spike.ist/spike/pilot/role/superuser";
  await system.dev("svid", "--id", id, "--out", out);
  const svidFiles = { svid: `${out}/svid.pem`, key: `${out}/key.pem`, bundle: `${out}/bundle.pem` };
  const source = openSource({ endpointSocket: "", svidFiles }, () => {});
  await source.ready(5_000);
  const peer = { source, isExpectedPeer: () => true, peerName: "Nexus" };
  const clients = Array.from({ length: CONNECTIONS }, () => createMtlsClient(peer));
  const url = system.env["SPIKE_NEXUS_URL"] ?? "";
  return {
    posts: clients.map((client) => poster(client, url)),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await source.close();
    },
  };
}

function poster(client: MtlsClient, url: string): Post {
  return async (operation, request) => {
    const { body } = await client.post(routeUrl(url, operation), JSON.stringify(request));
    return JSON.parse(new TextDecoder().decode(body));
  };
}

const EXPIRES_AT: Readonly<Record<Expiry, string>> = {
  past: "2001-01-01T00:00:00Z",
  never: "never",
  future: "2999-01-01T00:00:00Z",
};

/** Every history has paths of its own: the store is never emptied. */
async function write(post: Post, below: string, step: Write): Promise<Answer> {
  const { err, version } = await post(`secret.${step.kind}`, requestOf(below, step));
  return err || (version ?? "no version told");
}

function requestOf(below: string, step: Write): unknown {
  const { cas } = step;
  const path = below + step.path;
  switch (step.kind) {
    case "put": {
      const base64 = new TextEncoder().encode(step.value).toBase64();
      return {
        path,
        cas,
        ...step.isBinary ? { binary: { v: base64 } } : { values: { v: step.value } },
      };
    }
    case "purge":
      return { path, cas };
    case "setMetadata": {
      const { note, max: maxVersions, expiry } = step;
      const expiresAt = expiry && EXPIRES_AT[expiry];
      const custom = note === undefined ? {} : { note };
      return { path, cas, maxVersions, expiresAt, custom };
    }
    case "copy":
    case "move":
      return { from: below + step.from, to: path, version: step.version, cas };
    default:
      return { path, cas, versions: step.versions };
  }
}

async function read(post: Post, below: string, step: Read): Promise<Answer> {
  if (step.kind === "list") {
    const { prefix, after, limit } = step;
    const range = { prefix: below + prefix, after: after && below + after, limit };
    const { err, keys = [] } = await post("secret.list", range);
    return err || keys.map((key) => key.slice(below.length));
  }
  const { kind, version } = step;
  const path = below + step.path;
  if (kind === "get") return pairsOf(await post("secret.get", { path, version }));
  const { err, ...body } = await post("secret.metadata", { path, version, all: step.all });
  if (err) return err;
  const all = Object.values(body.versions ?? {});
  const numbers = all.map(({ version, deletedTime, destroyedTime }) =>
    destroyedTime ? version / -2 : deletedTime ? -version : version
  );
  const { currentVersion = 0, oldestVersion = 0, maxVersions = 0, custom } = body.metadata ?? {};
  return [currentVersion, oldestVersion, maxVersions, custom?.note ?? "", ...numbers];
}

function pairsOf({ err, data, binary, version }: Pairs): Answer {
  if (err) return err;
  const bytes = binary?.v === undefined ? undefined : Uint8Array.fromBase64(binary.v);
  const value = bytes ? told(new TextDecoder().decode(bytes), true) : told(data?.v ?? "", false);
  return `${version}:${value}`;
}

const REASONS = ["no path", "no version", "deleted", "destroyed", "expired"];

/** Nexus does not say why there is nothing. */
function publicly(answer: Answer): Answer {
  return REASONS.some((reason) => reason === answer) ? "api_not_found" : answer;
}

function expected(model: Model, below: string, step: Read): Answer {
  if (step.kind === "list" && step.after && !isPath(below + step.after)) return "api_bad_request";
  return publicly(model.read(step));
}

/** A listing goes on after a path; the model takes any text. */
function isPath(text: string): boolean {
  try {
    return parseSecretPath(text) === text;
  } catch {
    return false;
  }
}

/** All paths at once, and what of each of them must come of it. */
async function compareBatch(post: Post, below: string, model: Model): Promise<void> {
  const current = model.current();
  const paths = current.map(([path]) => below + path);
  const { secrets = [] } = await post("secret.batch", { paths });
  assert.deepEqual(secrets.map(pairsOf), current.map(([, answer]) => publicly(answer)));
}

Deno.test("any history of writes and reads is answered like the model, over mutual TLS", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`, {
    args: ["--workers", "2"],
    env: { SPIKE_NEXUS_MAX_SECRET_VERSIONS: String(MODEL_MAX_VERSIONS) },
  });
  await using clients = await connect(system, `${tmp.path}/s`);
  let turn = 0;
  const next = (): Post => clients.posts[turn++ % CONNECTIONS] ?? assert.fail();
  let histories = 0;
  await fc.assert(
    fc.asyncProperty(anyRounds(ROUNDS), async (rounds) => {
      const below = `history-${histories++}/`;
      const model = new Model();
      for (const { writes, reads } of rounds) {
        for (const step of writes) {
          assert.deepEqual(await write(next(), below, step), publicly(model.write(step)));
        }
        const questions = [...reads, ...model.questions()];
        const seen = await Promise.all(questions.map((step) => read(next(), below, step)));
        assert.deepEqual(seen, questions.map((step) => expected(model, below, step)));
        await compareBatch(next(), below, model);
      }
    }),
    { numRuns: RUNS },
  );
});
