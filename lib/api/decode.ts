import * as v from "valibot";
import { SpikeError } from "../error/error.ts";
import { type Json, type JsonLimits, type JsonObject, parseJson } from "../json/json.ts";

/** Folds ASCII letters only. */
function fold(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * The members of `object` under the names that `known` gives their folded spellings; of several spellings of one
 * name the last counts. `null` is the same as absent, save for the names in `nullable`.
 */
function pick(
  object: JsonObject,
  known: ReadonlyMap<string, string>,
  nullable: readonly string[],
): Record<string, Json> {
  const picked: Record<string, Json> = {};
  for (const [written, value] of object) {
    const name = known.get(fold(written));
    if (name === undefined) continue;
    if (value === null && !nullable.includes(name)) delete picked[name];
    else picked[name] = value;
  }
  return picked;
}

/**
 * Schema of an object that is decoded as Go does: names in any case, unknown ones ignored. `entries` says what
 * a member that is absent or `null` becomes; entries in `nullable` distinguish the two.
 */
export function message<const E extends v.ObjectEntries>(
  entries: E,
  nullable: readonly (keyof E & string)[] = [],
) {
  const known = new Map(Object.keys(entries).map((name) => [fold(name), name]));
  const inner = v.object(entries);
  return v.pipe(
    v.instance(Map<string, Json>),
    // `inner` validates the members.
    v.transform((object) => pick(object, known, nullable) as v.InferInput<typeof inner>),
    inner,
  );
}

/**
 * A schema that {@linkcode message} made.
 *
 * @internal
 */
export interface MessageSchema extends v.GenericSchema<Map<string, Json>, unknown> {}

/** What a message of this schema becomes when it is decoded. */
export type Decoded<S extends MessageSchema> = NonNullable<S["~types"]>["output"];

/**
 * Decodes a body. The body `null` counts as `{}`. Default limits are those of a request.
 *
 * @throws {SpikeError} `api_bad_request` that names the member, never its value
 */
export function decodeMessage<S extends MessageSchema>(
  schema: S,
  body: Uint8Array,
  limits?: JsonLimits,
): Decoded<S> {
  const value = parseJson(body, limits && { limits }) ?? new Map<string, Json>();
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const member = v.getDotPath(result.issues[0])?.split(".", 1)[0];
  throw new SpikeError(
    "api_bad_request",
    member === undefined
      ? "Body is not a JSON object"
      : `Member ${member} is not what the request expects`,
  );
}
