/** Answers that are no JSON: plain bytes, and the refusals in plain text that go with them. */
import type { Call } from "../audit/mod.ts";
import { type ErrorCode, SpikeError } from "./error.ts";

/** Carries out one operation on the bytes of a body; answers the bytes of the answer. */
export type RawHandler = (body: Uint8Array, call: Call) => Promise<Uint8Array>;

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
