/** Operations on Nexus itself: its state, its root key, its shards, its key-encryption keys. */
import * as v from "valibot";
import { message } from "../decode.ts";
import {
  bytes,
  flag,
  integer,
  integers,
  maybeFlag,
  maybeInteger,
  maybeShard,
  maybeText,
  shardMap,
  stringMap,
  text,
} from "../member.ts";
import { BACKENDS, KEEPER_STATES, LOG_CHANGES, NEXUS_STATES } from "../status.ts";
import { BODY, define } from "./definition.ts";

const superuser = { by: "role", roles: ["superuser"] } as const;
const nothing = message({});
const done = message({ err: text });

/** Of every operation on the shards of the root key. */
const SHARDS = { isAboutShards: true } as const;
/** Of those that help Nexus to obtain a key. */
const RESCUE = { ...SHARDS, servedIn: "every-state" } as const;

/** One keeper as Nexus sees it. */
const keeper = {
  index: integer,
  url: text,
  state: v.optional(v.picklist(KEEPER_STATES), "unknown"),
  detail: maybeText,
  lastSeen: maybeText,
};

/** TLS parameters of a peer. */
const peer = {
  id: text,
  side: v.optional(v.picklist(["accepted", "made"]), "accepted"),
  protocol: text,
  cipher: text,
  lastSeen: text,
};

/** Findings about records and changes that this Nexus did not write. */
const unproved = {
  setAside: integer,
  withoutKey: integer,
  rejected: integer,
  unrecorded: integer,
};

const status = message({
  version: text,
  state: v.optional(v.picklist(NEXUS_STATES), "waiting"),
  backend: v.optional(v.picklist(BACKENDS), "sqlite"),
  storeId: maybeText,
  initialized: flag,
  keepers: v.optional(v.array(message(keeper)), []),
  threshold: integer,
  shares: integer,
  generation: maybeInteger,
  recovery: v.exactOptional(message({ exported: flag, exportedAt: maybeText })),
  changedLogs: v.exactOptional(
    v.array(message({ log: text, file: text, change: v.picklist(LOG_CHANGES) })),
  ),
  sealed: v.exactOptional(message({ reason: text, by: text, since: text })),
  backup: v.exactOptional(message({ at: text, revision: integer, bytes: integer, sha256: text })),
  restored: v.exactOptional(
    message({ at: text, from: text, revision: integer, restores: integer, sha256: text }),
  ),
  audit: v.exactOptional(message(unproved)),
  since: text,
  memoryLocked: maybeFlag,
  peers: v.exactOptional(v.array(message(peer))),
  err: text,
});

/** Identifies exported shards. */
const manifest = message({
  storeId: text,
  scheme: text,
  setId: text,
  generation: integer,
  threshold: integer,
  shares: integer,
  commitments: stringMap,
  exportedAt: text,
});

/** Generations of the key-encryption key. */
const keks = message({
  keks: v.optional(
    v.array(message({
      generation: integer,
      state: v.optional(v.picklist(["active", "retired"]), "active"),
      createdTime: text,
      sealings: integer,
    })),
    [],
  ),
  err: text,
});

/** One audit log and what its verification found. */
const auditLog = {
  log: text,
  missing: flag,
  /** It is missing since the store was restored from a backup without it. */
  left: flag,
  size: integer,
  signed: integer,
  dropped: integer,
  findings: v.optional(
    v.array(message({ record: integer, to: maybeInteger, what: text, file: text, line: integer })),
    [],
  ),
};

/** Of the three changes of shards. */
const SHARD_CHANGE = {
  ...SHARDS,
  path: "/v1/operator/shards",
  want: superuser,
  request: message({
    /** The generation that the caller expects, so that a retry does not change the shards twice. */
    generation: integer,
    threshold: maybeInteger,
    shares: maybeInteger,
    acceptsSingleSlot: flag,
    allowsThresholdOne: flag,
  }),
  answer: message({
    generation: integer,
    threshold: integer,
    shares: integer,
    promoted: integers,
    keks: integer,
    err: text,
  }),
} as const;

/** Operations on Nexus itself by name. */
export const OPERATOR_OPERATIONS = {
  "status": define({
    path: "/v1/status",
    want: {
      by: "role",
      roles: ["nexus", "bootstrap", "superuser", "admin", "operator", "recover", "restore"],
    },
    servedIn: "every-state",
    // A caller behind a proxy may see everything in it.
    isOpenToTokens: true,
    request: message({ verbose: flag }),
    answer: status,
  }),
  "operator.kek.list": define({
    path: "/v1/operator/keks",
    action: "list",
    want: superuser,
    request: nothing,
    answer: keks,
    zero: { keks: null },
  }),
  "operator.kek.rotate": define({
    path: "/v1/operator/keks",
    action: "rotate",
    want: superuser,
    request: nothing,
    answer: keks,
    zero: { keks: null },
  }),
  "operator.verify": define({
    path: "/v1/operator/verify",
    want: superuser,
    request: nothing,
    answer: message({
      heads: integer,
      policies: integer,
      cipherKeys: integer,
      older: integer,
      logs: v.optional(v.array(message(auditLog)), []),
      rows: v.optional(v.array(message({ kind: text, name: text, what: text })), []),
      unproved: v.exactOptional(message(unproved)),
      findings: integer,
      err: text,
    }),
  }),
  "operator.recover": define({
    ...RESCUE,
    path: "/v1/operator/recover",
    want: { by: "role", roles: ["recover"] },
    request: message({ confirms: flag }),
    answer: message({ shards: shardMap, manifest: v.exactOptional(manifest), err: text }),
    zero: { shards: null },
  }),
  "operator.confirm": define({
    ...SHARDS,
    path: "/v1/operator/recover",
    action: "confirm",
    want: { by: "role", roles: ["recover"] },
    request: message({ setId: text }),
    answer: done,
  }),
  "operator.restore": define({
    ...RESCUE,
    path: "/v1/operator/restore",
    want: { by: "role", roles: ["restore"] },
    request: message({ id: integer, shard: maybeShard }),
    answer: message({
      collected: integer,
      remaining: integer,
      restored: flag,
      generation: maybeInteger,
      err: text,
    }),
    zero: { collected: 0, remaining: 0, restored: false },
  }),
  "operator.manifest": define({
    ...RESCUE,
    path: "/v1/operator/manifest",
    want: { by: "role", roles: ["superuser", "recover", "restore"] },
    request: nothing,
    answer: message({
      manifest: v.exactOptional(manifest),
      isProved: flag,
      past: v.optional(
        v.array(message({ setId: text, generation: integer, threshold: integer, opens: flag })),
        [],
      ),
      err: text,
    }),
  }),
  "operator.seal": define({
    ...RESCUE,
    path: "/v1/operator/seal",
    want: superuser,
    request: message({ reason: text }),
    answer: done,
  }),
  "operator.unseal": define({
    ...RESCUE,
    path: "/v1/operator/unseal",
    want: superuser,
    request: nothing,
    answer: done,
  }),
  "operator.refresh": define({ ...SHARD_CHANGE, action: "refresh" }),
  "operator.reshare": define({ ...SHARD_CHANGE, action: "reshare" }),
  "operator.rotate-root": define({ ...SHARD_CHANGE, action: "rotate-root" }),
  "bootstrap.verify": define({
    path: "/v1/bootstrap/verify",
    want: { by: "role", roles: ["bootstrap"] },
    servedIn: "provisional",
    carriesBytes: true,
    bodyLimit: BODY.ciphertext,
    request: message({ nonce: bytes, ciphertext: bytes }),
    answer: message({ hash: text, err: text }),
    zero: { hash: "" },
  }),
} as const;
