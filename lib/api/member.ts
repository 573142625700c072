/**
 * Kinds of message members, and what each becomes when it is absent. A `null` inside an array or a map is an error, since
 * replacing it would change the message.
 */
import * as v from "valibot";
import { message } from "./decode.ts";
import type { Json } from "../json/json.ts";

const SHARD_BYTES = 32;

const wholeNumber = v.pipe(v.number(), v.safeInteger());

function isByte(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255;
}

/** Checked in one pass: a schema for each element would be fifty times slower. */
const byteNumbers = v.custom<number[]>((given) => Array.isArray(given) && given.every(isByte));

/** A text; absent is empty. */
export const text = v.optional(v.string(), "");
/** A text that may be absent. */
export const maybeText = v.exactOptional(v.string());
/** A whole number; absent is 0. */
export const integer = v.optional(wholeNumber, 0);
/** A whole number that may be absent. */
export const maybeInteger = v.exactOptional(wholeNumber);
/** True or false; absent is false. */
export const flag = v.optional(v.boolean(), false);
/** True or false, or absent. */
export const maybeFlag = v.exactOptional(v.boolean());
/** Whole numbers; absent is the empty list. */
export const integers = v.optional(v.array(wholeNumber), []);
/** Whole numbers, or absent. */
export const maybeIntegers = v.exactOptional(v.array(wholeNumber));
/** Texts; absent is the empty list. */
export const texts = v.optional(v.array(v.string()), []);

/** A record without a prototype, so that a member called `__proto__` is a member like any other. */
export function recordOf(entries: Iterable<readonly [string, string]>): Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (const [name, value] of entries) record[name] = value;
  return record;
}

const nullableMap = v.nullable(v.pipe(
  v.map(v.string(), v.string()),
  v.transform((entries) => recordOf(entries)),
));

/** Texts by name; absent is null, which is distinct from the empty map. */
export const stringMap = v.optional(nullableMap, null);

/** Texts by name, null, or absent; list it among the nullable members of its message. */
export const maybeStringMap = v.exactOptional(nullableMap);

/** Zero-filled at the end, or cut, as Go decodes an array of fixed length. */
function toShard(numbers: number[]): Uint8Array {
  const shard = new Uint8Array(SHARD_BYTES);
  shard.set(numbers.slice(0, SHARD_BYTES));
  return shard;
}

const shardBytes = v.pipe(byteNumbers, v.transform(toShard));

/** The 32 bytes of a shard, as numbers; may be absent. */
export const maybeShard = v.exactOptional(shardBytes);

/** Shards by index; absent is the empty map. */
export const shardMap = v.optional(
  v.pipe(
    v.map(v.pipe(v.string(), v.regex(/^[1-9]\d{0,3}$/), v.transform(Number)), shardBytes),
    v.transform((shards) => [...shards].map(([index, bytes]) => ({ index, bytes }))),
  ),
  () => new Map(),
);

/** Go ignores line ends inside base64 and nothing else. */
function fromBase64(given: string): Uint8Array | undefined {
  if (/[ \t\f]/.test(given)) return undefined;
  try {
    return Uint8Array.fromBase64(given, { lastChunkHandling: "strict" });
  } catch {
    return undefined;
  }
}

const eitherBytes = v.union([
  v.pipe(
    v.string(),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const decoded = fromBase64(dataset.value);
      if (decoded !== undefined) return decoded;
      addIssue({ message: "not base64" });
      return NEVER;
    }),
  ),
  v.pipe(byteNumbers, v.transform((numbers) => Uint8Array.from(numbers))),
]);

/** Bytes as padded standard base64 or as numbers; absent is empty. */
export const bytes = v.optional(eitherBytes, "");

/** The same, or absent; null is empty. List it among the nullable members of its message. */
export const maybeBytes = v.exactOptional(v.nullable(eitherBytes, ""));

/** Objects of one shape by version number. */
export function byVersion<const E extends v.ObjectEntries>(entries: E) {
  return v.optional(
    v.pipe(
      v.instance(Map<string, Json>),
      v.map(v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number)), message(entries)),
    ),
    () => new Map(),
  );
}
