import { SpikeError } from "../../../lib/error/error.ts";
import { parseTime } from "../../../lib/api/time.ts";
import type { Secret } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, render, sorted } from "../terminal/format.ts";
import { type OutputName, refuseTerminal, writeTo, writeValue } from "../terminal/output.ts";
import { naming, parsePath } from "./path.ts";
import { withNexus } from "../session.ts";

/** What to get, and how to print it. */
export interface SecretGetRequest {
  readonly path: string;
  readonly key: string | undefined;
  readonly version: number;
  readonly format: Format;
  readonly out: OutputName;
}

/** A value: text, or bytes that are none. */
type Value = string | Uint8Array;

/** How long before a secret expires its readers are told. */
const NOTICE_MS = 7 * 24 * 60 * 60 * 1000;

/** `spike secret get`. */
export async function secretGet(deps: PilotIo, request: SecretGetRequest): Promise<void> {
  const path = parsePath(request.path);
  const { version, format, out } = request;
  const secret = await withNexus(
    deps,
    ({ client }) => naming(path, version, () => client.readSecret(path, { version })),
  );
  if (secret === undefined) throw new Error("Nexus answered for a state that nobody knows");
  noteExpiry(deps, secret);
  const isRaw = format === "human" && (request.key !== undefined || out !== undefined);
  if (isRaw) return await writeOne(deps, valueOf(secret, request), out);
  if (format === "human") return deps.stdout.print(linesOf(secret));
  const text = await render(toDocument(secret, request), format, 4);
  await writeTo(deps, out, new TextEncoder().encode(`${text}\n`));
}

/** Bytes go out as they are, and so does a text that goes to a file; in a pipe it ends with its line. */
async function writeOne(deps: PilotIo, value: Value, out: OutputName): Promise<void> {
  if (typeof value === "string") {
    const isPiped = out === undefined && !deps.isOutputTerminal;
    return await writeValue(deps, out, new TextEncoder().encode(isPiped ? `${value}\n` : value));
  }
  refuseTerminal(deps, out);
  await writeTo(deps, out, value);
}

/** The value of the key that was asked for, or of the only one there is. */
function valueOf(secret: Secret, { path, key }: SecretGetRequest): Value {
  const all = valuesOf(secret);
  if (key === undefined && all.size !== 1) {
    throw new SpikeError("usage", `Secret has ${all.size} keys, expected the name of one`, {
      hint: "Name a key, or pass --format json to write all of them",
    });
  }
  const value = key === undefined ? [...all.values()][0] : all.get(key);
  if (value !== undefined) return value;
  throw new SpikeError("api_not_found", "Key not found.", {
    hint: `Secret ${JSON.stringify(path)} has no key ${JSON.stringify(key)}`,
  });
}

function valuesOf({ values, binary }: Secret): Map<string, Value> {
  return sorted<Value>({ ...values, ...binary });
}

function linesOf(secret: Secret): string[] {
  return [...valuesOf(secret)].map(([name, value]) => `${name}: ${line(value)}`);
}

function toDocument(secret: Secret, request: SecretGetRequest): unknown {
  if (request.key !== undefined) return toData(valueOf(secret, request));
  if (secret.values === null && Object.keys(secret.binary).length === 0) return null;
  return new Map([...valuesOf(secret)].map(([name, value]) => [name, toData(value)] as const));
}

function line(value: Value): string {
  return typeof value === "string"
    ? value
    : `(${value.length} bytes that are not text; pass the key and --out FILE to write them)`;
}

/** In a document bytes are told from texts by their shape. */
function toData(value: Value): unknown {
  return typeof value === "string" ? value : { base64: value.toBase64() };
}

function noteExpiry({ stderr, clock }: PilotIo, { expiresAt }: Secret): void {
  const atMs = parseTime(expiresAt ?? "");
  if (atMs === undefined || atMs - clock() > NOTICE_MS) return;
  stderr.print(`Note: this secret expires at ${expiresAt}`);
}
