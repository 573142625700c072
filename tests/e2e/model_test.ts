/** The model of secrets against a real Nexus: shorter histories, over mutual TLS, on several connections. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { routeUrl } from "../../lib/api/mod.ts";
import { createMtlsClient, type MtlsClient } from "../../lib/mtls/mod.ts";
import {
  type Answer,
  anyRounds,
  Model,
  MODEL_MAX_VERSIONS,
  type Read,
  type Write,
} from "../../lib/secret/model_fixture.ts";
import { openSource } from "../../lib/spiffe/open_source.ts";
import { DevSystem, temporaryDirectory } from "./harness.ts";

/** As many connections as reach both request workers, most likely. */
const CONNECTIONS = 4;
const RUNS = 12;
const ROUNDS = 8;

/** What an answer of Nexus may hold; what it does not hold is undefined. */
interface Body {
  readonly err?: string;
  readonly data?: { readonly v?: string } | null;
  readonly version?: number;
  readonly keys?: readonly string[];
  readonly versions?: Readonly<Record<string, { version: number; deletedTime: string | null }>>;
  readonly metadata?: { readonly currentVersion: number; readonly oldestVersion: number };
}

type Post = (
  operation: "secret.put" | "secret.list" | `secret.${Read["kind"] | Write["kind"]}`,
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

/** Every history has paths of its own: the store is never emptied. */
async function write(post: Post, below: string, step: Write): Promise<Answer> {
  const { kind, path, cas } = step;
  const what = kind === "put" ? { values: { v: step.value } } : { versions: step.versions };
  const { err, version } = await post(`secret.${kind}`, { path: below + path, cas, ...what });
  return err || (version ?? "done");
}

async function read(post: Post, below: string, step: Read): Promise<Answer> {
  if (step.kind === "list") {
    const { prefix, after, limit } = step;
    const range = { prefix: below + prefix, after: after && below + after, limit };
    const { err, keys = [] } = await post("secret.list", range);
    return err || keys.map((key) => key.slice(below.length));
  }
  const { kind, path, version } = step;
  const { err, ...body } = await post(`secret.${kind}`, { path: below + path, version });
  if (err) return err;
  if (kind === "get") return `${body.version}:${body.data?.v}`;
  const all = Object.values(body.versions ?? {});
  const numbers = all.map(({ version, deletedTime }) => deletedTime ? -version : version);
  const { currentVersion = 0, oldestVersion = 0 } = body.metadata ?? {};
  return [currentVersion, oldestVersion, ...numbers];
}

/** Nexus does not say why there is nothing, and after a deletion not what is current. */
function told(answer: Answer, kind: (Read | Write)["kind"]): Answer {
  if (["no path", "no version", "deleted"].some((reason) => reason === answer)) {
    return "api_not_found";
  }
  const isDone = kind === "delete" || kind === "undelete";
  return isDone && typeof answer === "number" ? "done" : answer;
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
          assert.deepEqual(await write(next(), below, step), told(model.write(step), step.kind));
        }
        const questions = [...reads, ...model.questions()];
        const seen = await Promise.all(questions.map((step) => read(next(), below, step)));
        assert.deepEqual(seen, questions.map((step) => told(model.read(step), step.kind)));
      }
    }),
    { numRuns: RUNS },
  );
});
