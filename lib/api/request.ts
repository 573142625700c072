/** What clients send, by operation. Members that only this project knows are optional everywhere. */
import * as v from "valibot";
import { decodeMessage, message } from "./decode.ts";
import { BYTES_LIMITS, type JsonLimits, REQUEST_LIMITS } from "../json/json.ts";
import {
  bytes,
  flag,
  integer,
  integers,
  maybeBytes,
  maybeFlag,
  maybeInteger,
  maybeIntegers,
  maybeShard,
  maybeStringMap,
  maybeText,
  stringMap,
  text,
  texts,
} from "./member.ts";

const change = {
  path: text,
  cas: maybeInteger,
  /** Whether the answer is to tell which of the numbers stand for nothing. */
  report: flag,
};
const versions = message({ ...change, versions: integers });
const oneVersion = message({ path: text, version: integer });
const transfer = message({ from: text, to: text, version: integer, cas: maybeInteger });
/** The member is called `id`, but what it holds is the policy's name. */
const policyName = message({ id: text });
const nothing = message({});
/** The generation that the caller believes in force, so that nothing is changed twice. */
const shardChange = message({
  generation: integer,
  threshold: maybeInteger,
  shares: maybeInteger,
  acceptsSingleSlot: flag,
  allowsThresholdOne: flag,
});
const keyName = message({ key: text });
/** Under the default key a ciphertext travels in parts; under a named one it says itself what it is. */
const ciphertext = { version: integer, nonce: bytes, ciphertext: bytes, key: text, aad: bytes };

/** The schema of each operation's request. */
export const REQUESTS = {
  "secret.put": message({
    path: text,
    /** Null is a value; absent, it was misspelt or the action was lost. */
    values: maybeStringMap,
    /** In base64: what is no text. */
    binary: stringMap,
    cas: maybeInteger,
  }, ["values"]),
  "secret.get": oneVersion,
  "secret.delete": versions,
  "secret.undelete": versions,
  "secret.list": message({
    prefix: text,
    recursive: maybeFlag,
    limit: maybeInteger,
    after: text,
  }),
  "secret.batch": message({ paths: texts }),
  /** No list is none of them by mistake, and what is destroyed does not come back: it has to be given. */
  "secret.destroy": message({ ...change, versions: maybeIntegers }),
  "secret.purge": message({ path: text, cas: maybeInteger }),
  "secret.copy": transfer,
  "secret.move": transfer,
  "secret.metadata": message({ path: text, version: integer, all: flag }),
  "secret.setMetadata": message({
    path: text,
    custom: stringMap,
    unset: texts,
    maxVersions: maybeInteger,
    /** RFC 3339, or `never`. */
    expiresAt: maybeText,
    cas: maybeInteger,
  }),
  "policy.put": message({
    name: text,
    spiffeidPattern: text,
    pathPattern: text,
    permissions: texts,
  }),
  "policy.get": policyName,
  "policy.delete": policyName,
  "policy.list": message({ spiffeidPattern: text, pathPattern: text }),
  "policy.explain": message({ spiffeid: text, path: text, permissions: texts }),
  "policy.whoCan": message({ path: text, permissions: texts, spiffeids: texts }),
  "cipher.encrypt": message(
    { plaintext: maybeBytes, algorithm: text, key: text, aad: bytes },
    ["plaintext"],
  ),
  "cipher.decrypt": message({ ...ciphertext, algorithm: text }),
  "cipher.key.create": keyName,
  "cipher.key.rotate": keyName,
  "cipher.key.set": message({ key: text, minVersion: maybeInteger, retired: maybeFlag }),
  "cipher.key.list": keyName,
  "cipher.key.rewrap": message(ciphertext),
  "status": message({ verbose: flag }),
  "operator.backup": nothing,
  "operator.backup.confirm": message({ sha256: text }),
  "operator.kek.list": nothing,
  "operator.kek.rotate": nothing,
  "operator.recover": message({ confirms: flag }),
  "operator.confirm": message({ setId: text }),
  "operator.manifest": nothing,
  "audit.tail": message({ after: maybeInteger, limit: maybeInteger }),
  "audit.export": nothing,
  "operator.verify": nothing,
  "operator.restore": message({ id: integer, shard: maybeShard }),
  "operator.seal": message({ reason: text }),
  "operator.unseal": nothing,
  "operator.refresh": shardChange,
  "operator.reshare": shardChange,
  "operator.rotate-root": shardChange,
  "bootstrap.verify": message({ nonce: bytes, ciphertext: bytes }),
  "keeper.contribute": message({
    shard: maybeShard,
    scheme: maybeText,
    storeId: maybeText,
    setId: maybeText,
    generation: maybeInteger,
    threshold: maybeInteger,
    shares: maybeInteger,
    index: maybeInteger,
    commitment: maybeText,
    check: maybeText,
    stage: v.optional(v.picklist(["current", "pending"]), "current"),
    replaces: maybeText,
    force: flag,
    abandon: flag,
    probe: flag,
  }),
  "keeper.shard": message({ accept: texts }),
} as const;

/** What a caller can ask for. */
export type Operation = keyof typeof REQUESTS;

/** The decoded request of an operation. */
export type RequestOf<O extends Operation> = v.InferOutput<typeof REQUESTS[O]>;

function limitsOf(operation: Operation): JsonLimits {
  const hasBytes = operation.startsWith("cipher.") || operation === "bootstrap.verify";
  return hasBytes ? BYTES_LIMITS : REQUEST_LIMITS;
}

/**
 * Decodes an operation's request; what it holds is not yet validated.
 *
 * @throws SpikeError `api_bad_request`
 */
export function decodeRequest<O extends Operation>(operation: O, body: Uint8Array): RequestOf<O> {
  return decodeMessage<typeof REQUESTS[O]>(REQUESTS[operation], body, limitsOf(operation));
}
