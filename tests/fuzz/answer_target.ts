/** Answers of a hostile server: a client reads them or fails cleanly, and asks no more often than it should. */
import assert from "node:assert/strict";
import { type ClientOperation, OPERATIONS as DEFINED } from "../../lib/api/operation/mod.ts";
import { SpikeError } from "../../lib/error/error.ts";
import { type Client, createClient, type Transport } from "../../lib/client/mod.ts";
import { decodeProbe, decodeShardAnswer } from "../../lib/recovery/mod.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateJson } from "./mutate_text.ts";
import type { Random } from "./random.ts";
import type { Target } from "./target.ts";

const encoder = new TextEncoder();
const OPERATIONS = Object.entries(DEFINED).flatMap(([name, operation]) =>
  "answer" in operation ? [name as ClientOperation] : []
);
const SHARD = JSON.stringify(Array.from({ length: 32 }, (_, i) => i + 1));
const MANIFEST =
  `{"storeId":"${"ab".repeat(16)}","scheme":"gf256","setId":"${"cd".repeat(16)}","generation":1,` +
  `"threshold":2,"shares":2,"commitments":{"1":"${"ef".repeat(32)}","2":"${"ef".repeat(32)}"},` +
  `"exportedAt":"2026-01-02T03:04:05Z"}`;

/** What members of answers hold when nothing is wrong with them. */
const GOOD: Readonly<Record<string, readonly string[]>> = {
  data: ['{"k":"v"}', "null", "{}"],
  binary: ['{"b":"AAEC"}'],
  keys: ['["a","b"]', '[{"key":"pay","version":1}]'],
  secrets: ['[{"path":"a","data":{"k":"v"},"version":1},{"path":"b","err":"api_not_found"}]'],
  versions: ['{"1":{"createdTime":"2026-01-02T03:04:05Z","version":1,"deletedTime":null}}'],
  metadata: ['{"currentVersion":1,"oldestVersion":1,"maxVersions":10,"custom":{"a":"b"}}'],
  policies: ['[{"id":"p","name":"p"}]', '["p"]'],
  permissions: ['["read"]'],
  records: ['["{\\"n\\":1,\\"time\\":1}"]'],
  shards: [`{"1":${SHARD},"2":${SHARD}}`],
  manifest: [MANIFEST],
  keepers: ['[{"index":1,"url":"https://k","state":"ok"}]'],
  state: ['"ready"', '"empty"', '"confirmed"'],
  backend: ['"sqlite"'],
  nonce: ['"AAECAwQFBgcICQoL"'],
  ciphertext: ['"AAECAwQFBgcICQoLDA0ODxAREhM="', "[1,2,3]"],
  plaintext: ['"aGk="'],
  version: ["1", '"1.2.3"'],
  next: ['"~1.x"', "null"],
  err: ['""', '"api_not_found"', '"no_such_code"'],
  shard: [SHARD],
  pending: [`{"shard":${SHARD}}`],
};

const deep = (open: string, close: string, depth: number) =>
  open.repeat(depth) + close.repeat(depth);
const COLLIDING = Array.from({ length: 2_000 }, (_, i) => `"${(20_000 + i) * 2 ** 16}":"v"`);

const ODD: readonly string[] = [
  ...'null true 0 -1 1.5 1e999 9007199254740993 [] {} "" [null] [[]] [{}] {"":null}'.split(" "),
  '"\\ud800"',
  '"2030-02-30T00:00:00Z"',
  '"\\u001b[2J\\u202e"',
  '{"toString":1,"valueOf":2,"__proto__":3}',
  `{${COLLIDING}}`,
  deep("[", "]", 40),
  deep('{"a":', "}", 20),
  `[${"{},".repeat(300)}{}]`,
];

const STATUSES = [200, 200, 200, 200, 200, 304, 400, 401, 404, 409, 412, 429, 500, 503, 204, 599];
const ETAGS = ["", '"x"', "W/", "*", "\u00e9"];
const REASONS = ["", "sealed", "busy", "x".repeat(300)];

function makeBody(operation: ClientOperation, random: Random): string {
  const schema = DEFINED[operation].answer as unknown as { pipe: readonly { entries?: object }[] };
  const members = Object.keys(schema.pipe.at(-1)?.entries ?? {});
  const told = [...members, "shard", "state"].filter(() => random.below(5) > 0).map((name) => {
    const good = GOOD[name] ?? ["1", '"x"', "true"];
    const value = random.below(5) === 0 ? random.pick(ODD) : random.pick(good);
    return `"${random.below(9) === 0 ? name.toUpperCase() : name}":${value}`;
  });
  const text = random.below(16) === 0 ? random.pick(ODD) : `{${told}}`;
  return random.below(3) === 0 ? mutateJson(text, random) : text;
}

type Ask = (client: Client) => Promise<unknown>;

const bytes = Uint8Array.of(1, 2, 3);
async function* pieces(): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function drained(stream: Promise<AsyncIterable<Uint8Array>>): Promise<void> {
  for await (const _ of await stream);
}

/** A call for each operation. */
const CALLS: Readonly<Record<ClientOperation, Ask>> = {
  "secret.put": (c) => c.putSecret("a", { k: "v" }),
  "secret.get": (c) => c.readSecret("a", { known: '"x"' }),
  "secret.batch": (c) => c.readSecrets(["a", "b"]),
  "secret.delete": (c) => c.deleteSecret("a"),
  "secret.undelete": (c) => c.undeleteSecret("a"),
  "secret.destroy": (c) => c.destroySecret("a"),
  "secret.purge": (c) => c.purgeSecret("a"),
  "secret.copy": (c) => c.copySecret("a", "b"),
  "secret.move": (c) => c.moveSecret("a", "b"),
  "secret.setMetadata": (c) => c.setSecretMetadata("a", { maxVersions: 2 }),
  "secret.list": (c) => c.listSecrets(),
  "secret.metadata": (c) => c.secretMetadata("a"),
  "policy.put": (c) =>
    c.putPolicy({ name: "p", spiffeidPattern: "x", pathPattern: "y", permissions: ["read"] }),
  "policy.get": (c) => c.getPolicy("p"),
  "policy.delete": (c) => c.deletePolicy("p"),
  "policy.list": (c) => c.listPolicies(),
  "policy.explain": (c) => c.explainAccess({ spiffeid: "x", path: "a", permissions: ["read"] }),
  "policy.whoCan": (c) => c.whoCan({ path: "a", permissions: ["read"] }),
  "cipher.encrypt": (c) => c.encrypt(bytes).then(() => drained(c.encryptStream(pieces()))),
  "cipher.decrypt": (c) => c.decryptBlob(bytes).then(() => drained(c.decryptStream(pieces()))),
  "cipher.key.create": (c) => c.createCipherKey("pay"),
  "cipher.key.rotate": (c) => c.rotateCipherKey("pay"),
  "cipher.key.set": (c) => c.setCipherKey("pay", { retired: true }),
  "cipher.key.list": (c) => c.listCipherKeys(),
  "cipher.key.rewrap": (c) => c.rewrapBlob(new Uint8Array(40)),
  "status": (c) => c.status({ verbose: true }),
  "operator.recover": (c) => c.recover().then(() => c.exportShards()),
  "operator.confirm": (c) => c.confirmExport(new Uint8Array(16)),
  "operator.manifest": (c) => c.manifest(),
  "operator.backup": async (c) => {
    for await (const _ of (await c.backup()).database);
  },
  "operator.backup.confirm": (c) => c.confirmBackup("ab"),
  "operator.kek.list": (c) => c.listKeks(),
  "operator.kek.rotate": (c) => c.rotateKek(),
  "audit.tail": (c) => c.auditTail({ limit: 1 }),
  "audit.export": (c) => c.auditKeys(),
  "operator.verify": (c) => c.verifyStore(),
  "operator.restore": (c) => c.restore({ index: 1, bytes: new Uint8Array(32).fill(1) }),
  "operator.seal": (c) => c.seal("drill"),
  "operator.unseal": (c) => c.unseal(),
  "operator.refresh": (c) => c.changeShards("refresh", { generation: 1 }),
  "operator.reshare": (c) => c.changeShards("reshare", { generation: 1, shares: 3 }),
  "operator.rotate-root": (c) => c.changeShards("rotate-root", { generation: 1 }),
  "bootstrap.verify": (c) => c.verify({ nonce: new Uint8Array(12), ciphertext: bytes }),
};

/** Far more than any call makes of an answer that is repeated. */
const MOST_REQUESTS = 64;

function clientOf(status: number, headers: Record<string, string>, body: Uint8Array): Client {
  let requests = 0;
  const count = () => {
    if (++requests > MOST_REQUESTS) throw new Error("The client asks again and again");
  };
  const transport: Transport = {
    post: () => {
      count();
      return Promise.resolve({ status, headers, body: body.slice() });
    },
    stream: async (_url, source) => {
      count();
      for await (const _ of source);
      return { status, headers, body: inPieces(body) };
    },
    close: () => Promise.resolve(),
  };
  return createClient({ nexusUrl: "https://127.0.0.1:1", transport });
}

async function* inPieces(all: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < all.length; at += 97) yield all.slice(at, at + 97);
}

async function isTaken(work: () => unknown): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    assert.doesNotMatch(`${error.message} ${error.hint}`, /\bat \S+ \(|\[object|undefined is not/);
    return false;
  }
}

/** The first bytes say which operation, status and headers; the rest is the body. */
export const ANSWER: Target = {
  name: "answer",
  share: 60,
  makeInput: (random) => {
    const which = random.below(OPERATIONS.length);
    const text = encoder.encode(makeBody(random.pick(OPERATIONS.slice(which)), random));
    const body = random.below(6) === 0 ? mutateBytes(text, random) : text;
    const head = [which, random.below(STATUSES.length), random.below(ETAGS.length)];
    return new Uint8Array([...head, random.below(REASONS.length), ...body]);
  },
  run: async (input) => {
    const operation = OPERATIONS[(input[0] ?? 0) % OPERATIONS.length];
    assert(operation);
    const status = STATUSES[(input[1] ?? 0) % STATUSES.length] ?? 200;
    const headers = {
      etag: ETAGS[(input[2] ?? 0) % ETAGS.length] ?? "",
      "spike-reason": REASONS[(input[3] ?? 0) % REASONS.length] ?? "",
    };
    const body = input.subarray(4);
    const taken = await isTaken(() => CALLS[operation](clientOf(status, headers, body)));
    // The same bytes from a keeper.
    const ofKeeper = [
      await isTaken(() => decodeShardAnswer(body, 1)),
      await isTaken(() => decodeProbe(body)),
    ];
    return taken || ofKeeper.includes(true) ? "accepted" : "refused";
  },
};
