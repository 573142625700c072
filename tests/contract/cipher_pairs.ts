/** The encryption service: wire-api 6. */
import { BytesThat, type Pair, send } from "./pair.ts";
import type { Scene } from "./scene.ts";
import { badRequest, denied, refusal } from "./zero.ts";
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
  ...[{}, { plaintext: "" }, { plaintext: null }, { plaintext: [] }].map((body) =>
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

/** All rows; those that decrypt need what the service encrypted. */
export async function cipherPairs(scene: Scene): Promise<Pair[]> {
  const seal = async (plaintext: string): Promise<Sealed> =>
    JSON.parse(textOf(await send(scene, { as: "lite", at: ENCRYPT, body: { plaintext } })));
  const stream = { as: "lite", at: ENCRYPT, body: "hello", headers: STREAM } as const;
  return [
    ...encryption,
    ...decryption(await seal("aGVsbG8="), await seal(zeros(LIMIT - TAG))),
    ...streams((await send(scene, stream)).body),
  ];
}
