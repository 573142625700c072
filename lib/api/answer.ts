/** What servers answer, as clients of this project read it. */
import * as v from "valibot";
import { decodeMessage, message } from "./decode.ts";
import { ANSWER_LIMITS } from "../json/json.ts";
import {
  bytes,
  byVersion,
  flag,
  integer,
  integers,
  maybeInteger,
  maybeText,
  shardMap,
  stringMap,
  text,
  texts,
} from "./member.ts";
import { BACKENDS, KEEPER_STATES, LOG_CHANGES, NEXUS_STATES } from "./status.ts";

/** One version of a secret, on the wire. */
const version = {
  createdTime: text,
  version: integer,
  deletedTime: maybeText,
  // Servers of the original tell none of the following.
  createdBy: maybeText,
  deletedBy: maybeText,
  destroyedTime: maybeText,
  destroyedBy: maybeText,
};

/** A secret as a whole, on the wire. */
const secretMetadata = {
  currentVersion: integer,
  oldestVersion: integer,
  createdTime: text,
  updatedTime: text,
  maxVersions: integer,
  expiresAt: maybeText,
  custom: stringMap,
};

/** What was read, or why not, on the wire. */
const secret = {
  path: text,
  data: stringMap,
  binary: stringMap,
  version: maybeInteger,
  expiresAt: maybeText,
  err: text,
};

/** One keeper as Nexus sees it, on the wire. */
const keeper = {
  index: integer,
  url: text,
  state: v.optional(v.picklist(KEEPER_STATES), "unknown"),
  detail: maybeText,
  lastSeen: maybeText,
};

/** What decided, on the wire. */
const decision = {
  allowed: flag,
  by: text,
  role: maybeText,
  policy: maybeText,
};
/** What recognises exported shards, on the wire. */
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

/** What came of a change of the shards. */
const changed = message({
  generation: integer,
  threshold: integer,
  shares: integer,
  promoted: integers,
  keks: integer,
  err: text,
});

/** What was agreed with a peer, on the wire. */
const peer = {
  id: text,
  side: v.optional(v.picklist(["accepted", "made"]), "accepted"),
  protocol: text,
  cipher: text,
  lastSeen: text,
};

/** A cipher key, on the wire. */
const cipherKey = {
  key: text,
  /** Lower-case hex; empty for the default key. */
  id: text,
  version: integer,
  minVersion: integer,
  retired: flag,
  createdTime: text,
  updatedTime: text,
  /** How often the newest version may have encrypted, rounded up. */
  encryptions: integer,
};

const changedKey = message({ ...cipherKey, err: text });
/** Generations of the key-encryption key, on the wire. */
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

/** One audit log as it was checked, on the wire. */
const auditLog = {
  log: text,
  missing: flag,
  /** It is missing since the store was put back from a backup without it. */
  left: flag,
  size: integer,
  signed: integer,
  dropped: integer,
  findings: v.optional(
    v.array(message({ record: integer, to: maybeInteger, what: text, file: text, line: integer })),
    [],
  ),
};

/** What was found that Nexus did not record, since it started. */
const unproved = {
  setAside: integer,
  withoutKey: integer,
  rejected: integer,
  unrecorded: integer,
};

const written = message({ version: maybeInteger, missing: integers, err: text });
const done = message({ err: text });

/** The schema of each operation's answer as a client of ours reads it. */
export const ANSWERS = {
  "secret.put": written,
  "secret.get": message(secret),
  "secret.batch": message({ secrets: v.optional(v.array(message(secret)), []), err: text }),
  "secret.delete": written,
  "secret.undelete": written,
  "secret.destroy": written,
  "secret.purge": written,
  "secret.copy": written,
  "secret.move": written,
  "secret.setMetadata": written,
  "secret.list": message({ keys: texts, expired: texts, next: maybeText, err: text }),
  "secret.metadata": message({
    versions: byVersion(version),
    metadata: v.exactOptional(message(secretMetadata)),
    err: text,
  }),
  "policy.put": message({ id: text, warnings: texts, err: text }),
  "policy.get": message({
    id: text,
    name: text,
    // Servers of the original know only the first spelling.
    spiffiedPattern: text,
    spiffeidPattern: text,
    pathPattern: text,
    permissions: texts,
    createdAt: text,
    updatedAt: text,
    err: text,
  }),
  "policy.delete": done,
  "policy.list": message({
    policies: v.optional(v.array(message({ id: text, name: text })), []),
    err: text,
  }),
  "policy.explain": message({
    ...decision,
    policies: texts,
    missing: texts,
    misses: v.optional(v.array(message({ policy: text, lacks: text, missing: texts })), []),
    omitted: integer,
    reason: text,
    err: text,
  }),
  "policy.whoCan": message({
    policies: v.optional(
      v.array(
        message({ policy: text, spiffeidPattern: text, pathPattern: text, permissions: texts }),
      ),
      [],
    ),
    roles: v.optional(v.array(message({ role: text, spiffeids: texts })), []),
    spiffeids: v.optional(v.array(message({ spiffeid: text, ...decision })), []),
    err: text,
  }),
  "cipher.encrypt": message({ version: integer, nonce: bytes, ciphertext: bytes, err: text }),
  "cipher.decrypt": message({ plaintext: bytes, err: text }),
  "cipher.key.create": changedKey,
  "cipher.key.rotate": changedKey,
  "cipher.key.set": changedKey,
  "cipher.key.list": message({
    keys: v.optional(v.array(message(cipherKey)), []),
    err: text,
  }),
  "cipher.key.rewrap": message({ version: integer, nonce: bytes, ciphertext: bytes, err: text }),
  "status": message({
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
    memoryLocked: v.exactOptional(v.boolean()),
    peers: v.exactOptional(v.array(message(peer))),
    err: text,
  }),
  "operator.recover": message({
    shards: shardMap,
    manifest: v.exactOptional(manifest),
    err: text,
  }),
  "operator.confirm": done,
  "operator.manifest": message({
    manifest: v.exactOptional(manifest),
    isProved: flag,
    past: v.optional(
      v.array(message({ setId: text, generation: integer, threshold: integer, opens: flag })),
      [],
    ),
    err: text,
  }),
  "operator.backup": done,
  "operator.backup.confirm": done,
  "operator.kek.list": keks,
  "operator.kek.rotate": keks,
  "audit.tail": message({ log: text, records: texts, err: text }),
  "audit.export": message({ log: text, keys: texts, checkpoint: text, err: text }),
  "operator.verify": message({
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
  "operator.restore": message({
    collected: integer,
    remaining: integer,
    restored: flag,
    generation: maybeInteger,
    err: text,
  }),
  "operator.seal": done,
  "operator.unseal": done,
  "operator.refresh": changed,
  "operator.reshare": changed,
  "operator.rotate-root": changed,
  "bootstrap.verify": message({ hash: text, err: text }),
} as const;

/** Operations that the client offers. */
export type ClientOperation = keyof typeof ANSWERS;

/** The decoded answer of an operation. */
export type AnswerOf<O extends ClientOperation> = v.InferOutput<typeof ANSWERS[O]>;

/**
 * Decodes an operation's answer.
 *
 * @throws SpikeError `api_bad_request` that names the member, never what it held
 */
export function decodeAnswer<O extends ClientOperation>(
  operation: O,
  body: Uint8Array,
): AnswerOf<O> {
  return decodeMessage<typeof ANSWERS[O]>(ANSWERS[operation], body, ANSWER_LIMITS);
}
