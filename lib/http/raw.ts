/** Answers that are not JSON: plain bytes, and errors in plain text. */
import type { Call } from "../audit/mod.ts";
import { type ErrorCode, SpikeError } from "../error/error.ts";

/** What a request in plain bytes has besides its body. */
export interface RawExtras {
  /** Query parameter `key`: the cipher key; empty for the default one. */
  readonly key: string;
  /** Header `spike-aad`, in base64: what the ciphertext is bound to. */
  readonly aad: Uint8Array;
}

/** Carries out one operation on the bytes of a body; answers the bytes of the answer. */
export type RawHandler = (body: Uint8Array, call: Call, extras: RawExtras) => Promise<Uint8Array>;

/** Reads the headers of a request in plain bytes. Throws `api_bad_request` for a header that is not base64. */
export function rawExtras(request: Request): RawExtras {
  const key = new URL(request.url).searchParams.get("key") ?? "";
  const aad = request.headers.get("spike-aad") ?? "";
  try {
    return { key, aad: Uint8Array.fromBase64(aad, { lastChunkHandling: "strict" }) };
  } catch {
    throw new SpikeError("api_bad_request", "Header spike-aad is not base64");
  }
}

/** What a stream has besides its bytes. */
export interface StreamExtras extends RawExtras {
  /** Length of the body in bytes, where the request states it. */
  readonly length?: number;
}

/** The answer to a stream. */
export interface StreamAnswer {
  /** The body, piece by piece. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Further subjects in the audit record of the request. */
  readonly names?: Readonly<Record<string, string>>;
  /** How many bytes there will be, where that is known. */
  readonly length?: number;
}

/**
 * Carries out one operation on a body of any length, as it comes. It resolves before it has taken the whole body; what
 * fails afterwards fails the iteration of the answer.
 */
export type StreamHandler = (
  body: AsyncIterable<Uint8Array>,
  call: Call,
  extras: StreamExtras,
) => Promise<StreamAnswer>;

/** Media type that switches the encryption service to streams; exactly this, without parameters. */
export const STREAM_TYPE = "application/vnd.spike.stream";

/** Reads the headers of a stream. Throws `api_bad_request` for a header that is not base64. */
export function streamExtras(request: Request): StreamExtras {
  const length = request.headers.get("content-length");
  return { ...rawExtras(request), ...(length === null ? {} : { length: Number(length) }) };
}

/** A successful answer whose bytes are still to come. If they fail, the connection is reset and never ended cleanly. */
export function streamedAnswer(
  { bytes, length }: StreamAnswer,
  onFailure: (error: unknown) => void,
): Response {
  const told = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    try {
      for await (const piece of bytes) yield piece as Uint8Array<ArrayBuffer>;
    } catch (error) {
      onFailure(error);
      throw error;
    }
  };
  return new Response(ReadableStream.from(told()), {
    status: 200,
    headers: {
      "content-type": STREAM_TYPE,
      ...(length === undefined ? {} : { "content-length": String(length) }),
    },
  });
}

const BYTES = "application/octet-stream";

/** Refusals that travel as text, with the status that they have here; all others stay JSON. */
const TEXTS: { readonly [C in ErrorCode]?: { status: number; text: string } } = {
  crypto_failed_to_read_version: { status: 400, text: "crypto_failed_to_read_version" },
  crypto_unsupported_version: { status: 400, text: "crypto_unsupported_version" },
  crypto_failed_to_read_nonce: { status: 400, text: "crypto_failed_to_read_nonce" },
  crypto_cipher_not_available: { status: 500, text: "crypto_cipher_not_available" },
  // The same failure is a 500 in JSON.
  crypto_decryption_failed: { status: 400, text: "decryption failed" },
};

/** Whether the body is meant as a stream. */
export function isStream(request: Request): boolean {
  return request.headers.get("content-type") === STREAM_TYPE;
}

/** Whether the body is meant as plain bytes. The media type must be exactly this, without parameters. */
export function isRaw(request: Request): boolean {
  return request.headers.get("content-type") === BYTES;
}

/** The bytes of a success, without any header about caching. */
export function rawAnswer(bytes: Uint8Array): Response {
  return respond(200, { "content-type": BYTES }, bytes);
}

/** The refusal in plain text (with a line end, as Go's `http.Error` writes it); undefined for one that is JSON. */
export function textAnswer(error: unknown): Response | undefined {
  const told = error instanceof SpikeError ? TEXTS[error.code] : undefined;
  if (told === undefined) return undefined;
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
  };
  return respond(told.status, headers, new TextEncoder().encode(`${told.text}\n`));
}

function respond(status: number, headers: Record<string, string>, body: Uint8Array): Response {
  // A body over shared memory could change while it is sent; none is.
  const bytes = body as Uint8Array<ArrayBuffer>;
  return new Response(bytes, {
    status,
    headers: { ...headers, "content-length": String(body.length) },
  });
}
