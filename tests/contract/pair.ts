/** One request and its exact answer, as a line of a table. */
import assert from "node:assert/strict";
import type { Caller } from "./identity.ts";
import type { Scene, Server } from "./scene.ts";
import { type Answer, type Asked, headerOf, textOf } from "./wire.ts";

/** What is to be asked and what comes back. */
export interface Pair {
  /** A sentence, the name of the test. */
  readonly that: string;
  readonly as: Caller;
  /** Default: the ready Nexus. */
  readonly server?: Server;
  readonly method?: string;
  /** Path and query. */
  readonly at: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes are sent as they are, everything else as JSON. Default `{}`. */
  readonly body?: unknown;
  /** Status and body, see {@linkcode Expected}. */
  readonly gives: readonly [status: number, body: Expected];
}

/**
 * A body. A text stands for a plain text, bytes for plain bytes, everything else for JSON: exactly these members,
 * without a blank. Where a pattern or a function stands, the answer has something that satisfies it.
 */
export type Expected = unknown;

const JSON_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  "cache-control": "no-store, no-cache, must-revalidate, private",
  "pragma": "no-cache",
  "expires": "0",
};
const TEXT_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/plain; charset=utf-8",
  "x-content-type-options": "nosniff",
};
const BYTES_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/octet-stream",
};
/** Without meaning for a success in bytes. */
const NOT_WITH_BYTES = ["cache-control", "pragma", "expires"];

/** Asks and compares. */
export async function checkPair(scene: Scene, pair: Pair): Promise<void> {
  const answer = await send(scene, pair);
  const [status, body] = pair.gives;
  const told = `${answer.status} ${textOf(answer)}`;
  assert.equal(answer.status, status, told);
  assert.equal(headerOf(answer, "content-length"), String(answer.body.length));
  assert.equal(answer.headers.has("transfer-encoding"), false);
  checkBody(answer, body);
}

/** Asks only. */
export async function send(scene: Scene, pair: Omit<Pair, "that" | "gives">): Promise<Answer> {
  const identity = await scene.identities.of(pair.as);
  const asked: Asked = {
    target: pair.at,
    body: bodyOf(pair.body ?? {}),
    ...(pair.method ? { method: pair.method } : {}),
    ...(pair.headers ? { headers: pair.headers } : {}),
  };
  const port = await scene.port(pair.server ?? "nexus");
  return await scene.connections.ask(port, pair.as, identity, asked);
}

function bodyOf(body: unknown): string | Uint8Array {
  return typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
}

/** Stands for plain bytes that have to satisfy something. */
export class BytesThat {
  constructor(readonly fit: (bytes: Uint8Array) => boolean) {}
}

function checkBody(answer: Answer, expected: Expected): void {
  if (expected instanceof Uint8Array || expected instanceof BytesThat) {
    checkHeaders(answer, BYTES_HEADERS);
    for (const name of NOT_WITH_BYTES) assert.equal(answer.headers.has(name), false, name);
    if (expected instanceof BytesThat) assert.ok(expected.fit(answer.body));
    else assert.deepEqual(answer.body, expected);
    return;
  }
  const text = textOf(answer);
  if (typeof expected === "string") {
    checkHeaders(answer, TEXT_HEADERS);
    return assert.equal(text, expected);
  }
  checkHeaders(answer, JSON_HEADERS);
  const actual: unknown = JSON.parse(text);
  assert.deepEqual(actual, resolve(expected, actual));
  assert.equal(text, JSON.stringify(actual));
}

function checkHeaders(answer: Answer, expected: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(expected)) {
    assert.equal(headerOf(answer, name), value, name);
  }
}

/** `expected` with everything left open replaced by what `actual` has there, if that will do. */
export function resolve(expected: Expected, actual: unknown): unknown {
  if (expected instanceof RegExp) {
    return typeof actual === "string" && expected.test(actual) ? actual : String(expected);
  }
  if (typeof expected === "function") return expected(actual) ? actual : String(expected);
  if (Array.isArray(expected)) {
    return expected.map((each, i) => resolve(each, Object(actual)[i]));
  }
  if (typeof expected !== "object" || expected === null) return expected;
  return Object.fromEntries(
    Object.entries(expected).map(([name, each]) => [name, resolve(each, Object(actual)[name])]),
  );
}

/** RFC 3339 in UTC. */
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;
