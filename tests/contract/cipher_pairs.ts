/** The encryption service: wire-api 6. */
import { BytesThat, type Pair, send, TIME } from "./pair.ts";
import type { Scene } from "./scene.ts";
import { badRequest, denied, notFound, refusal } from "./zero.ts";
import { textOf } from "./wire.ts";

const ENCRYPT = "/v1/cipher/encrypt";
const DECRYPT = "/v1/cipher/decrypt";
const STREAM = { "content-type": "application/octet-stream" };
const LIMIT = 65_536;
const TAG = 16;
const HEAD = 13;

const BAD_ENCRYPT = badRequest("cipher.encrypt");
const BAD_DECRYPT = badRequest("cipher.decrypt");
const FAILED = [500, refusal("cipher.decrypt", "api_internal_error")] as const;

interface Sealed {
  readonly version: number;
  readonly nonce: string;
  readonly ciphertext: string;
}

/** Base64 of so many bytes. */
const ofBytes = (length: number) => (value: unknown) =>
  typeof value === "string" && Uint8Array.fromBase64(value).length === length;

function encrypted(length: number) {
  return { version: 1, nonce: ofBytes(12), ciphertext: ofBytes(length + TAG) };
}

function encrypt(that: string, body: unknown, gives: Pair["gives"], headers = {}): Pair {
  return { that, as: "lite", at: ENCRYPT, body, gives, headers };
}

function decrypt(that: string, body: unknown, gives: Pair["gives"], headers = {}): Pair {
  return { that, as: "superuser", at: DECRYPT, body, gives, headers };
}

const encryption: readonly Pair[] = [
  encrypt("a text is encrypted", { plaintext: "aGVsbG8=", algorithm: "AES-GCM" }, [
    200,
    encrypted(5),
  ]),
  encrypt("bytes may come as numbers", { plaintext: [104, 105] }, [200, encrypted(2)]),
  ...[{}, { plain: "aGk=" }, { plaintext: [null] }].map((body) =>
    encrypt(`${JSON.stringify(body)} has no plaintext`, body, BAD_ENCRYPT)
  ),
  ...[{ plaintext: "" }, { plaintext: null }, { plaintext: [] }].map((body) =>
    encrypt(`nothing is encrypted, too: ${JSON.stringify(body)}`, body, [200, encrypted(0)])
  ),
  encrypt("as much as decrypt takes back", { plaintext: zeros(LIMIT - TAG) }, [
    200,
    encrypted(LIMIT - TAG),
  ]),
  encrypt("and no byte more", { plaintext: zeros(LIMIT - TAG + 1) }, BAD_ENCRYPT),
  ...["aGVsbG8", "aGVs bG8=", "aGVsbG9=", "aGVsbG8=!", "_-__"].map((plaintext) =>
    encrypt(`${plaintext} is no base64`, { plaintext }, BAD_ENCRYPT)
  ),
  encrypt("parameters make another media type", { plaintext: "" }, [200, encrypted(0)], {
    "content-type": "application/octet-stream; charset=binary",
  }),
];

function zeros(length: number): string {
  return new Uint8Array(length).toBase64();
}

function decryption(sealed: Sealed, longest: Sealed): Pair[] {
  const { ciphertext } = sealed;
  const bytes = Uint8Array.fromBase64(ciphertext);
  return [
    decrypt("it is decrypted again", { ...sealed, algorithm: "" }, [200, {
      plaintext: "aGVsbG8=",
    }]),
    decrypt("from numbers, too", { ...sealed, ciphertext: [...bytes] }, [200, {
      plaintext: "aGVsbG8=",
    }]),
    decrypt("the longest, too", longest, [200, { plaintext: zeros(LIMIT - TAG) }]),
    ...[0, 2, 255].map((version) =>
      decrypt(`version ${version} is not known`, { ...sealed, version }, BAD_DECRYPT)
    ),
    ...[0, 11, 13].map((length) =>
      decrypt(
        `a nonce of ${length} bytes is none`,
        { ...sealed, nonce: zeros(length) },
        BAD_DECRYPT,
      )
    ),
    decrypt("the version is judged before the nonce, and both before the rest", {
      version: 1,
      nonce: "",
      ciphertext: zeros(LIMIT + 1),
    }, BAD_DECRYPT),
    decrypt(
      "too long a ciphertext is refused",
      { ...sealed, ciphertext: zeros(LIMIT + 1) },
      BAD_DECRYPT,
    ),
    decrypt(
      "what was changed fails",
      { ...sealed, ciphertext: bytes.toReversed().toBase64() },
      FAILED,
    ),
    decrypt("so does another nonce", { ...sealed, nonce: zeros(12) }, FAILED),
    decrypt("so does less than a tag", { ...sealed, ciphertext: "" }, FAILED),
    {
      ...decrypt("a stranger is denied before the body is parsed", "{", denied("cipher.decrypt")),
      as: "workload",
    },
  ];
}

function streams(blob: Uint8Array): Pair[] {
  const changed = blob.with(blob.length - 1, (blob.at(-1) ?? 0) ^ 1);
  const text = (that: string, body: Uint8Array, code: string) =>
    decrypt(that, body, [400, `${code}\n`], STREAM);
  return [
    encrypt("a stream is encrypted to one blob", "hello", [200, isBlob(5)], STREAM),
    encrypt("an empty stream, too", "", [200, isBlob(0)], STREAM),
    encrypt("the longest stream", new Uint8Array(LIMIT - TAG), [200, isBlob(LIMIT - TAG)], STREAM),
    encrypt("too long a stream is refused", new Uint8Array(LIMIT - TAG + 1), BAD_ENCRYPT, {
      ...STREAM,
    }),
    decrypt("a blob is decrypted", blob, [200, new TextEncoder().encode("hello")], STREAM),
    text("an empty blob has no version", new Uint8Array(0), "crypto_failed_to_read_version"),
    text("version 0 is not known", blob.with(0, 0), "crypto_unsupported_version"),
    text("version 2 is not known", blob.with(0, 2), "crypto_unsupported_version"),
    text("half a nonce is none", blob.slice(0, 7), "crypto_failed_to_read_nonce"),
    text("what was changed fails", changed, "decryption failed"),
    text("so does less than a tag", blob.slice(0, HEAD), "decryption failed"),
    decrypt(
      "too long a blob is refused",
      new Uint8Array(HEAD + LIMIT + 1).with(0, 1),
      BAD_DECRYPT,
      STREAM,
    ),
    {
      ...encrypt(
        "a stranger's stream is denied in JSON",
        "hello",
        denied("cipher.encrypt"),
        STREAM,
      ),
      as: "operator",
    },
  ];
}

function isBlob(length: number) {
  return new BytesThat((blob) => blob[0] === 1 && blob.length === HEAD + length + TAG);
}

const KEYS = "/v1/cipher/keys";
const ID = /^[0-9a-f]{32}$/;

function key(that: string, action: string, body: unknown, gives: Pair["gives"]): Pair {
  return { that, as: "superuser", at: `${KEYS}?action=${action}`, body, gives };
}

/** A key as answers tell of it. */
function told(name: string, version: number, minVersion = 1, encryptions = 0) {
  const id = name === "default" ? "" : ID;
  const times = { createdTime: TIME, updatedTime: TIME };
  const known = { key: name, id, version, minVersion };
  return { ...known, ...times, encryptions: encryptions || ((n: unknown) => Number(n) >= 0) };
}

const BAD_CREATE = badRequest("cipher.key.create");
const BAD_SET = badRequest("cipher.key.set");

const KEY_PAIRS: readonly Pair[] = [
  key("a key is made", "create", { key: "till" }, [200, told("till", 1)]),
  key("a name is given once", "create", { key: "till" }, [
    409,
    refusal("cipher.key.create", "entity_conflict"),
  ]),
  ...["", "default", "a/b", "../a", "a b", ".a", "ä", "x".repeat(65)].map((name) =>
    key(
      `no key can be named ${JSON.stringify(name.slice(0, 9))}`,
      "create",
      { key: name },
      BAD_CREATE,
    )
  ),
  key("a key is rotated", "rotate", { key: "till" }, [200, told("till", 2)]),
  key("what is not there cannot be", "rotate", { key: "none" }, notFound("cipher.key.rotate")),
  key("its lowest version is set", "set", { key: "till", minVersion: 2 }, [
    200,
    told("till", 2, 2),
  ]),
  key("not above its newest", "set", { key: "till", minVersion: 3 }, BAD_SET),
  key("nor below 1", "set", { key: "till", minVersion: 0 }, BAD_SET),
  key("nothing to set is no request", "set", { key: "till" }, BAD_SET),
  key("the default key has no lowest version", "set", { key: "default", minVersion: 1 }, BAD_SET),
  key("keys are listed", "list", { key: "till" }, [200, { keys: [told("till", 2, 2)] }]),
  key("the default one is listed, too", "list", { key: "default" }, [
    200,
    { keys: [told("default", 1)] },
  ]),
  key("what is not there is not listed", "list", { key: "none" }, notFound("cipher.key.list")),
];

/** Rows about a key of two versions and what its first one encrypted. */
function namedPairs(ciphertext: string, blob: Uint8Array): Pair[] {
  const named = { key: "till2" };
  const changed = Uint8Array.fromBase64(ciphertext);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  const notAuthentic = [400, refusal("cipher.decrypt", "cipher_not_authentic")] as const;
  const aad = "cGxhY2U=";
  return [
    encrypt("a named key makes what says itself what it is", { ...named, plaintext: "aGk=" }, [
      200,
      { version: 2, ciphertext: ofBytes(2 + NAMED) },
    ]),
    decrypt("it is decrypted again", { ...named, ciphertext }, [200, { plaintext: "aGVsbG8=" }]),
    decrypt("not with what it is not bound to", { ...named, ciphertext, aad }, notAuthentic),
    decrypt(
      "what was changed does not",
      { ...named, ciphertext: changed.toBase64() },
      notAuthentic,
    ),
    decrypt("nor with another key", { key: "till", ciphertext }, notAuthentic),
    decrypt("nor with none that is there", { key: "none", ciphertext }, notFound("cipher.decrypt")),
    decrypt("what has no header is none of its own", { ...named, ciphertext: "AAAA" }, BAD_DECRYPT),
    decrypt("it is not of the default key", { version: 0, nonce: "", ciphertext }, BAD_DECRYPT),
    key("it is encrypted anew", "rewrap", { ...named, ciphertext }, [
      200,
      { version: 2, ciphertext: ofBytes(5 + NAMED) },
    ]),
    key("what was changed is not", "rewrap", { ...named, ciphertext: changed.toBase64() }, [
      400,
      refusal("cipher.key.rewrap", "cipher_not_authentic"),
    ]),
    {
      ...decrypt("bytes, too", blob, [200, new TextEncoder().encode("hello")], STREAM),
      at: `${DECRYPT}?key=till2`,
    },
    {
      ...decrypt("bytes are bound by a header", blob, notAuthentic, {
        ...STREAM,
        "spike-aad": aad,
      }),
      at: `${DECRYPT}?key=till2`,
    },
    {
      ...decrypt("which is base64", blob, BAD_DECRYPT, { ...STREAM, "spike-aad": "?" }),
      at: `${DECRYPT}?key=till2`,
    },
    key("a key is put out of use", "set", { ...named, retired: true }, [
      200,
      { ...told("till2", 2), retired: true },
    ]),
    encrypt("and encrypts no more", { ...named, plaintext: "aGk=" }, [
      400,
      refusal("cipher.encrypt", "cipher_key_retired"),
    ]),
    decrypt("nor does it decrypt", { ...named, ciphertext }, [
      400,
      refusal("cipher.decrypt", "cipher_key_retired"),
    ]),
    key("it comes back", "set", { ...named, retired: false }, [200, told("till2", 2)]),
    decrypt("as it was", { ...named, ciphertext }, [200, { plaintext: "aGVsbG8=" }]),
  ].map((pair) => ({ ...pair, as: "superuser" as const }));
}

/** Header, nonce and tag of what a named key makes. */
const NAMED = 25 + 12 + TAG;

async function makeNamed(scene: Scene): Promise<Pair[]> {
  const as = "superuser" as const;
  const body = { key: "till2", plaintext: "aGVsbG8=" };
  await send(scene, { as, at: `${KEYS}?action=create`, body });
  const sealed = JSON.parse(textOf(await send(scene, { as, at: ENCRYPT, body })));
  const raw = { as, at: `${ENCRYPT}?key=till2`, body: "hello", headers: STREAM };
  const { body: blob } = await send(scene, raw);
  await send(scene, { as, at: `${KEYS}?action=rotate`, body });
  return namedPairs(sealed.ciphertext, blob);
}

/** All rows; those that decrypt need what the service encrypted. */
export async function cipherPairs(scene: Scene): Promise<Pair[]> {
  const seal = async (plaintext: string): Promise<Sealed> =>
    JSON.parse(textOf(await send(scene, { as: "lite", at: ENCRYPT, body: { plaintext } })));
  const stream = { as: "lite", at: ENCRYPT, body: "hello", headers: STREAM } as const;
  return [
    ...encryption,
    ...decryption(await seal("aGVsbG8="), await seal(zeros(LIMIT - TAG))),
    ...streams((await send(scene, stream)).body),
    ...KEY_PAIRS,
    ...await makeNamed(scene),
  ];
}
