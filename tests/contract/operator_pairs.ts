/** Operators, Bootstrap, keepers and status: wire-api 7 and 8, and the one route of our own. */
import { combine } from "../../lib/shamir/mod.ts";
import { makeProbe, osRandom } from "../../lib/seal/mod.ts";
import { type Pair, send, TIME } from "./pair.ts";
import { badRequest, denied, refusal } from "./zero.ts";
import type { Scene } from "./scene.ts";
import { textOf } from "./wire.ts";

const RECOVER = "/v1/operator/recover";
const RESTORE = "/v1/operator/restore";
const VERIFY = "/v1/bootstrap/verify";
const CONTRIBUTE = "/v1/store/contribute";
const SHARD = "/v1/store/shard";

const ONES = Array<number>(32).fill(1);
const ZEROS = Array<number>(32).fill(0);

/** 32 numbers of which at least one is not 0. */
function isShard(value: unknown): boolean {
  return Array.isArray(value) && value.length === 32 && value.some((n) => n !== 0) &&
    value.every((n) => Number.isInteger(n) && n >= 0 && n <= 255);
}

export const RECOVER_PAIRS: readonly Pair[] = [
  {
    that: "recover gives every shard under its index",
    as: "recover",
    at: RECOVER,
    gives: [200, { shards: { "1": isShard, "2": isShard, "3": isShard } }],
  },
  {
    that: "recover of a memory backend is refused before the caller is judged",
    as: "workload",
    server: "memory",
    at: RECOVER,
    gives: badRequest("operator.recover"),
  },
  {
    that: "recover without a root key fails",
    as: "recover",
    server: "waiting",
    at: RECOVER,
    gives: [500, refusal("operator.recover", "recovery_failed")],
  },
];

/** Whether memory can be locked is the machine's affair. */
const isBoolean = (value: unknown) => typeof value === "boolean";

const HEX_16 = /^[0-9a-f]{32}$/;
const HEX_32 = /^[0-9a-f]{64}$/;

/** What recognises the shards of the system, which was never changed before. */
const MANIFEST = {
  storeId: HEX_16,
  scheme: "gf256",
  setId: HEX_16,
  generation: 1,
  threshold: 2,
  shares: 3,
  commitments: { "1": HEX_32, "2": HEX_32, "3": HEX_32 },
  exportedAt: TIME,
};
const CONFIRM = `${RECOVER}?action=confirm`;
const SHARDS = "/v1/operator/shards";

function change(that: string, action: string, body: unknown, status: number, code: string): Pair {
  const operation = `operator.${action}` as Parameters<typeof refusal>[0];
  const at = `${SHARDS}?action=${action}`;
  return { that, as: "superuser", at, body, gives: [status, refusal(operation, code)] };
}

/** What is our own: none of it is met by a client of the original. */
export const SHARD_PAIRS: readonly Pair[] = [
  {
    that: "who confirms later is given a manifest, too",
    as: "recover",
    at: RECOVER,
    body: { confirms: true },
    gives: [200, { shards: { "1": isShard, "2": isShard, "3": isShard }, manifest: MANIFEST }],
  },
  {
    that: "the manifest is proved by the root key",
    as: "restore",
    at: "/v1/operator/manifest",
    gives: [200, { manifest: MANIFEST, isProved: true, past: [] }],
  },
  ...["", "00", "G".repeat(32)].map((setId): Pair => ({
    that: `"${setId}" is no set to confirm`,
    as: "recover",
    at: CONFIRM,
    body: { setId },
    gives: badRequest("operator.confirm"),
  })),
  {
    that: "another set than the one in force is not confirmed",
    as: "recover",
    at: CONFIRM,
    body: { setId: "00".repeat(16) },
    gives: [409, refusal("operator.confirm", "shard_set_changed")],
  },
  {
    that: "a backup is a stream",
    as: "superuser",
    at: "/v1/operator/backup",
    gives: badRequest("operator.backup"),
  },
  ...["", "00", "G".repeat(64), "00".repeat(32)].map((sha256): Pair => ({
    that: `"${sha256}" is the digest of no backup`,
    as: "superuser",
    at: "/v1/operator/backup?action=confirm",
    body: { sha256 },
    gives: badRequest("operator.backup.confirm"),
  })),
  ...["", "x".repeat(501)].map((reason): Pair => ({
    that: `a seal needs a reason, not one of ${reason.length} characters`,
    as: "superuser",
    at: "/v1/operator/seal",
    body: { reason },
    gives: badRequest("operator.seal"),
  })),
  ...["a\nb", "\u001b[2J", "\u202e", "\u0085", "\u2028"].map((reason): Pair => ({
    that: `a reason for a seal is text on one line, not ${JSON.stringify(reason)}`,
    as: "superuser",
    at: "/v1/operator/seal",
    body: { reason },
    gives: badRequest("operator.seal"),
  })),
  change("a refresh names the generation in force", "refresh", {}, 400, "api_bad_request"),
  change("and no numbers", "refresh", { generation: 1, shares: 3 }, 400, "api_bad_request"),
  change("a reshare needs numbers", "reshare", { generation: 1 }, 400, "api_bad_request"),
  change(
    "a generation that is not in force changes nothing",
    "refresh",
    { generation: 7 },
    409,
    "shard_set_changed",
  ),
  change(
    "there are no more shares than keepers",
    "reshare",
    { generation: 1, shares: 4 },
    400,
    "keepers_too_few",
  ),
  change(
    "a threshold of one has to be allowed",
    "reshare",
    { generation: 1, threshold: 1 },
    400,
    "data_invalid_input",
  ),
  change(
    "nor is a threshold above the shares one",
    "reshare",
    { generation: 1, threshold: 4 },
    400,
    "data_invalid_input",
  ),
  {
    that: "a refresh gives every keeper a new shard",
    as: "superuser",
    at: `${SHARDS}?action=refresh`,
    body: { generation: 1 },
    gives: [200, { generation: 2, threshold: 2, shares: 3, promoted: [1, 2, 3], keks: 0 }],
  },
  {
    that: "a Nexus that is not sealed is unsealed without effect",
    as: "superuser",
    at: "/v1/operator/unseal",
    gives: [200, {}],
  },
];

function restore(that: string, body: unknown, gives: Pair["gives"]): Pair {
  return { that, as: "restore", at: RESTORE, body, gives };
}

export const RESTORE_PAIRS: readonly Pair[] = [
  ...[0, -1, 1001].map((id) =>
    restore(`no shard has index ${id}`, { id, shard: ONES }, badRequest("operator.restore"))
  ),
  ...[undefined, null, [], ZEROS].map((shard) =>
    restore(
      `shard ${shard ? shard.length : shard} is none`,
      { id: 1, shard },
      badRequest("operator.restore"),
    )
  ),
  restore("a Nexus with a root key takes no shard", { id: 2, shard: ONES }, [
    400,
    refusal("operator.restore", "state_already_initialized"),
  ]),
  {
    that: "restore of a memory backend is refused before the caller is judged",
    as: "workload",
    server: "memory",
    at: RESTORE,
    body: { id: 1, shard: ONES },
    gives: badRequest("operator.restore"),
  },
];

async function exported(scene: Scene): Promise<Record<string, number[]>> {
  const answer = await send(scene, { as: "recover", at: RECOVER });
  return JSON.parse(textOf(answer)).shards;
}

/** Restores the root key of the system's own store; its Nexus does not run any more afterwards. */
export async function restorePairs(scene: Scene): Promise<Pair[]> {
  const shards = await exported(scene);
  const kept = { path: "kept", values: { k: "v" } };
  await send(scene, { as: "superuser", at: "/v1/store/secrets", body: kept });
  const reads = (that: string, gives: Pair["gives"]): Pair => ({
    that,
    as: "superuser",
    server: "sealed",
    at: "/v1/store/secrets?action=get",
    body: { path: "kept" },
    gives,
  });
  const sealed = (that: string, body: unknown, gives: Pair["gives"]): Pair => ({
    ...restore(that, body, gives),
    server: "sealed",
  });
  const first = { id: 3, shard: shards["3"] };
  const last = { id: 1, shard: shards["1"] };
  const half = [200, { collected: 1, remaining: 1, restored: false }] as const;
  return [
    reads("without its keepers a Nexus is not ready", [
      503,
      refusal("secret.get", "state_not_ready"),
    ]),
    sealed(
      "a shard of another system is refused",
      { id: 3, shard: ONES },
      badRequest("operator.restore"),
    ),
    sealed("a first shard is stored, one more is needed", first, half),
    sealed("the same shard again changes nothing", first, half),
    sealed("the threshold restores the key", last, [
      200,
      { collected: 2, remaining: 0, restored: true },
    ]),
    sealed("one shard more hears that it is done", { id: 2, shard: shards["2"] }, [
      200,
      { collected: 2, remaining: 0, restored: true },
    ]),
    sealed("a foreign one that nothing was changed", { id: 2, shard: ONES }, [
      400,
      refusal("operator.restore", "state_already_initialized"),
    ]),
    reads("and secrets are read again", [200, { data: { k: "v" }, version: 1 }]),
  ];
}

/** Rows that need the root key. */
export async function verifyPairs(scene: Scene): Promise<Pair[]> {
  const given = Object.entries(await exported(scene))
    .map(([index, bytes]) => ({ index: Number(index), bytes: Uint8Array.from(bytes) }));
  const rootKey = combine(given.slice(0, 2), 2);
  // The original's proof is sealed under the root key itself.
  const { nonce, ciphertext, expectedHash } = makeProbe(rootKey, osRandom);
  const good = { nonce: nonce.toBase64(), ciphertext: ciphertext.toBase64() };
  const asked = (that: string, body: unknown, gives: Pair["gives"]): Pair => ({
    that,
    as: "bootstrap",
    at: VERIFY,
    body,
    gives,
  });
  const bad = badRequest("bootstrap.verify");
  const forged = ciphertext.toReversed().toBase64();
  return [
    asked("verify answers the hash of the proof", good, [200, { hash: expectedHash }]),
    asked("a nonce of 11 bytes is none", { ...good, nonce: nonce.slice(1).toBase64() }, bad),
    asked("a missing nonce is none", { ciphertext: good.ciphertext }, bad),
    asked("too long a proof is refused", {
      ...good,
      ciphertext: new Uint8Array(65_537).toBase64(),
    }, bad),
    asked("a proof under another key fails", { ...good, ciphertext: forged }, [
      500,
      refusal("bootstrap.verify", "crypto_decryption_failed"),
    ]),
    asked("an empty proof fails", { nonce: good.nonce }, [
      500,
      refusal("bootstrap.verify", "crypto_decryption_failed"),
    ]),
  ];
}

function keeper(
  that: string,
  as: Pair["as"],
  at: string,
  body: unknown,
  gives: Pair["gives"],
): Pair {
  return { that, as, server: "keeper", at, body, gives };
}

const HALF = [7, 7, 7];
const REFUSED = { err: "api_bad_request" };

export const KEEPER_PAIRS: readonly Pair[] = [
  keeper("an empty keeper has no shard", "nexus", SHARD, {}, badRequest("keeper.shard")),
  ...[{}, { shard: null }, { shard: ZEROS }, { shard: [] }].map((body) =>
    keeper(`${JSON.stringify(body).slice(0, 20)} is no contribution`, "nexus", CONTRIBUTE, body, [
      400,
      REFUSED,
    ])
  ),
  keeper("a shard is taken from Bootstrap", "bootstrap", CONTRIBUTE, { shard: ONES }, [200, {}]),
  keeper("and given to Nexus", "nexus", SHARD, {}, [200, { shard: ONES, Err: "" }]),
  keeper("a shard is taken from Nexus", "nexus", CONTRIBUTE, { shard: HALF }, [200, {}]),
  keeper("a short one is filled with zeros", "nexus", SHARD, {}, [
    200,
    { shard: [...HALF, ...Array(29).fill(0)], Err: "" },
  ]),
  keeper("a long one is cut", "nexus", CONTRIBUTE, { shard: [...ONES, 2, 2] }, [200, {}]),
  keeper("to its first 32 numbers", "nexus", SHARD, null, [200, { shard: ONES, Err: "" }]),
  keeper("Bootstrap gets no shard", "bootstrap", SHARD, {}, denied("keeper.shard")),
  ...["/", "/v1/store", "/v1/store/secrets", "/v1/operator/recover", "/v1/status"].map((at) =>
    keeper(`a keeper has no ${at}`, "nexus", at, {}, [400, REFUSED])
  ),
  keeper("a keeper has no actions", "nexus", `${SHARD}?action=get`, {}, [400, REFUSED]),
];

const seen = {
  index: Number.isInteger,
  url: /^https:\/\/127\.0\.0\.1:\d+$/,
  state: "ok",
  lastSeen: TIME,
};

export const STATUS_PAIRS: readonly Pair[] = [
  {
    that: "status tells the state of a ready Nexus",
    as: "operator",
    at: "/v1/status",
    gives: [200, {
      version: /^\d+\.\d+\.\d+/,
      state: "ready",
      backend: "sqlite",
      storeId: /^[0-9a-f]{32}$/,
      initialized: true,
      keepers: [seen, seen, seen],
      threshold: 2,
      shares: 3,
      generation: 1,
      recovery: { exported: false },
      memoryLocked: isBoolean,
      since: TIME,
    }],
  },
];
