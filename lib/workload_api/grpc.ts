/**
 * What gRPC puts around a message on HTTP/2: length-prefixed frames and a status (gRPC over HTTP/2,
 * "Length-Prefixed-Message" and "Status"). Client and server share it; it does no I/O.
 */
import { printable } from "../text/printable.ts";

/** Status codes that the Workload API uses or that a transport produces. */
export const GRPC_CODE = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

const NAMES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** How a call ended. */
export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
}

/** Largest message taken from a peer, in bytes. */
export const MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024;

const HEADER_BYTES = 5;

/** Thrown by {@link FrameReader}; carries the status that the call ends with. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";

  constructor(readonly status: GrpcStatus) {
    super(formatStatus(status));
  }
}

const MAX_SHOWN = 1_000;

/** A status as one phrase, for logs and errors. */
export function formatStatus(status: GrpcStatus): string {
  const name = NAMES[status.code] ?? `status ${status.code}`;
  // The message is the agent's own text.
  const said = printable(status.message.slice(0, MAX_SHOWN));
  return said === "" ? name : `${name}: ${said}`;
}

/**
 * The status a set of headers or trailers carries; `undefined` when it carries none, which is never OK.
 * A `grpc-status` that is no number reads as UNKNOWN.
 */
export function readStatus(headers: Readonly<Record<string, unknown>>): GrpcStatus | undefined {
  const code = headers["grpc-status"];
  if (code === undefined) return undefined;
  const message = headers["grpc-message"];
  return {
    code: /^\d{1,3}$/.test(String(code)) ? Number(code) : GRPC_CODE.UNKNOWN,
    message: typeof message === "string" ? decodeStatusMessage(message) : "",
  };
}

/** The trailers that say `status`. */
export function statusTrailers(status: GrpcStatus): Record<string, string> {
  const code = { "grpc-status": String(status.code) };
  if (status.message === "") return code;
  return { ...code, "grpc-message": encodeStatusMessage(status.message) };
}

/** Percent-encodes the UTF-8 of `text`, leaving printable ASCII but `%` as it is. */
export function encodeStatusMessage(text: string): string {
  let encoded = "";
  for (const byte of new TextEncoder().encode(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** Undoes {@link encodeStatusMessage}; what is not well-formed stays as it came, as the protocol demands. */
export function decodeStatusMessage(encoded: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length; at++) {
    const hex = encoded.slice(at + 1, at + 3);
    if (encoded[at] === "%" && /^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else {
      bytes.push(encoded.charCodeAt(at) & 0xff);
    }
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

/** One uncompressed frame: flag byte 0, 32-bit big-endian length, message. */
export function encodeFrame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER_BYTES + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, HEADER_BYTES);
  return frame;
}

/**
 * Cuts a byte stream into messages.
 *
 * The length is judged as soon as its four bytes are there and before a buffer of that size exists.
 */
export class FrameReader {
  readonly #limitBytes: number;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerFilled = 0;
  #message: Uint8Array | undefined;
  #messageFilled = 0;

  constructor(limitBytes = MESSAGE_LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
  }

  /** The messages that `chunk` completes. Throws {@link GrpcError} on a frame that must not be taken. */
  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#message === undefined) rest = this.#fillHeader(rest);
      if (this.#message !== undefined) rest = this.#fillMessage(this.#message, rest, messages);
    }
    return messages;
  }

  /** Whether the stream may end here: between two frames. */
  isBetweenFrames(): boolean {
    return this.#headerFilled === 0;
  }

  #fillHeader(chunk: Uint8Array): Uint8Array {
    const taken = chunk.subarray(0, HEADER_BYTES - this.#headerFilled);
    this.#header.set(taken, this.#headerFilled);
    this.#headerFilled += taken.length;
    if (this.#headerFilled === HEADER_BYTES) this.#message = this.#allocate();
    return chunk.subarray(taken.length);
  }

  #allocate(): Uint8Array {
    if (this.#header[0] !== 0) {
      throw new GrpcError({
        code: GRPC_CODE.INTERNAL,
        message: "Message is compressed, which was not agreed on",
      });
    }
    const length = new DataView(this.#header.buffer).getUint32(1);
    if (length > this.#limitBytes) {
      throw new GrpcError({
        code: GRPC_CODE.RESOURCE_EXHAUSTED,
        message: `Message is ${length} bytes long, at most ${this.#limitBytes} are taken`,
      });
    }
    return new Uint8Array(length);
  }

  #fillMessage(message: Uint8Array, chunk: Uint8Array, done: Uint8Array[]): Uint8Array {
    const taken = chunk.subarray(0, message.length - this.#messageFilled);
    message.set(taken, this.#messageFilled);
    this.#messageFilled += taken.length;
    if (this.#messageFilled === message.length) {
      done.push(message);
      this.#message = undefined;
      this.#messageFilled = 0;
      this.#headerFilled = 0;
    }
    return chunk.subarray(taken.length);
  }
}
