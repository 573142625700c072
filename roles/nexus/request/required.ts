import { SpikeError } from "../../../lib/error/mod.ts";

/**
 * The member of a request, where its absence must not pass for an empty one. Unknown members are ignored, so a
 * misspelt name is an absent member.
 *
 * @throws SpikeError `api_bad_request`
 */
export function required<T>(name: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new SpikeError("api_bad_request", `Member ${name} is absent`, {
    hint: "Check its spelling and the query parameter action",
  });
}
