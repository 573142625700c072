/** The encryption service and its keys. */
import * as v from "valibot";
import { message } from "../decode.ts";
import { bytes, flag, integer, maybeBytes, maybeFlag, maybeInteger, text } from "../member.ts";
import { BODY, define, type Permission } from "./definition.ts";

const use = {
  by: "permission",
  permission: "execute",
  on: "request.cipher",
  roles: ["superuser"],
  defaultKeyRoles: ["lite"],
} as const;

function manage<const P extends Permission>(permission: P) {
  return { by: "permission", permission, on: "request.key", roles: ["superuser"] } as const;
}

/** Of every operation on ciphertexts. */
const CIPHER = { isOpenToTokens: true, hasCipherLimit: true, carriesBytes: true } as const;
/** Of every operation on named keys. */
const KEY = { ...CIPHER, path: "/v1/cipher/keys", isInLite: false } as const;

const keyName = message({ key: text });
/** Under the default key a ciphertext travels in parts; under a named key its header names key and version. */
const ciphertext = { version: integer, nonce: bytes, ciphertext: bytes, key: text, aad: bytes };
const encrypted = message({ version: integer, nonce: bytes, ciphertext: bytes, err: text });

/** A cipher key. */
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

/** Operations of the encryption service by name. */
export const CIPHER_OPERATIONS = {
  "cipher.encrypt": define({
    ...CIPHER,
    path: "/v1/cipher/encrypt",
    want: use,
    bodyLimit: BODY.ciphertext,
    forms: ["bytes", "stream"],
    request: message(
      { plaintext: maybeBytes, algorithm: text, key: text, aad: bytes },
      ["plaintext"],
    ),
    answer: encrypted,
    zero: { version: 0, nonce: null, ciphertext: null },
  }),
  "cipher.decrypt": define({
    ...CIPHER,
    path: "/v1/cipher/decrypt",
    want: use,
    bodyLimit: BODY.ciphertext,
    forms: ["bytes", "stream"],
    checksCallerFirst: true,
    request: message({ ...ciphertext, algorithm: text }),
    answer: message({ plaintext: bytes, err: text }),
    zero: { plaintext: null },
  }),
  "cipher.key.create": define({
    ...KEY,
    action: "create",
    want: manage("write"),
    request: keyName,
    answer: changedKey,
  }),
  "cipher.key.rotate": define({
    ...KEY,
    action: "rotate",
    want: manage("write"),
    request: keyName,
    answer: changedKey,
  }),
  "cipher.key.set": define({
    ...KEY,
    action: "set",
    want: manage("write"),
    request: message({ key: text, minVersion: maybeInteger, retired: maybeFlag }),
    answer: changedKey,
  }),
  "cipher.key.list": define({
    ...KEY,
    action: "list",
    want: manage("list"),
    request: keyName,
    answer: message({ keys: v.optional(v.array(message(cipherKey)), []), err: text }),
    zero: { keys: null },
  }),
  "cipher.key.rewrap": define({
    ...KEY,
    action: "rewrap",
    want: use,
    request: message(ciphertext),
    answer: encrypted,
    zero: { version: 0, nonce: null, ciphertext: null },
  }),
} as const;
