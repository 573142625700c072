import { SpikeError } from "../../../lib/error/error.ts";
import { parseTime } from "../../../lib/api/time.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import type { Expectation, MetadataChange } from "../../../lib/client/mod.ts";
import { MAX_MAX_VERSIONS, requireCustom, requireReadable } from "../../../lib/secret/name.ts";
import type { PilotIo } from "../io.ts";
import { naming, parsePath } from "./path.ts";
import { asInputError } from "../terminal/report.ts";
import { withNexus } from "../session.ts";
import { readTexts } from "./value.ts";

/** What to set. */
export interface MetadataSetRequest {
  readonly path: string;
  /** Entries of custom metadata, as `key=value`. */
  readonly pairs: readonly string[];
  readonly unset: readonly string[];
  readonly maxVersions: string | undefined;
  readonly expires: string | undefined;
  readonly expected: Expectation;
  readonly mayAsk: boolean;
}

/** `spike secret metadata set`: what is not named stays as it is. */
export async function secretMetadataSet(
  deps: PilotIo,
  request: MetadataSetRequest,
): Promise<void> {
  const path = parsePath(request.path);
  const { change, notes } = await changeOf(deps, request);
  await withNexus(
    deps,
    ({ client }) => naming(path, 0, () => client.setSecretMetadata(path, change)),
  );
  deps.stderr.print(notes);
  deps.stdout.print("OK");
}

async function changeOf(
  deps: PilotIo,
  request: MetadataSetRequest,
): Promise<{ change: MetadataChange; notes: readonly string[] }> {
  const { pairs, unset, maxVersions, expires, expected, mayAsk } = request;
  const given = await readTexts(pairs, { deps, mayAsk });
  const change: MetadataChange = {
    ...(pairs.length > 0 ? { custom: given.values } : {}),
    ...(unset.length > 0 ? { unset } : {}),
    ...(maxVersions === undefined ? {} : { maxVersions: parseCount(maxVersions) }),
    ...(expires === undefined ? {} : { expiresAt: parseExpiry(expires, deps.clock()) }),
  };
  if (Object.keys(change).length === 0) {
    throw new SpikeError("usage", "Nothing to set", {
      hint: "Pass key=value, --unset, --max-versions or --expires",
    });
  }
  asInputError(() => {
    requireCustom(change.custom ?? {});
    requireReadable(change.custom ?? {});
  });
  return { change: { ...change, ...expected }, notes: given.notes };
}

function parseCount(given: string): number {
  if (/^[1-9]\d{0,3}$/.test(given) && Number(given) <= MAX_MAX_VERSIONS) return Number(given);
  throw new SpikeError(
    "usage",
    `Number of versions is ${quoteValue(given)}, expected 1 to ${MAX_MAX_VERSIONS}`,
  );
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `never`, a time in RFC 3339, a date, or a span from now such as `90d`. @throws SpikeError `usage` */
export function parseExpiry(given: string, nowMs: number): string {
  if (given === "never") return given;
  const [, count, unit = ""] = /^(\d{1,9})([smhd])$/.exec(given) ?? [];
  const span = Number(count) * (UNITS_MS[unit] ?? NaN);
  const isDate = /^\d{4}-\d\d-\d\d$/.test(given);
  const ms = parseTime(isDate ? `${given}T00:00:00Z` : given) ?? nowMs + span;
  if (Number.isFinite(ms) && ms <= nowMs) {
    throw new SpikeError("usage", `Expiry is ${quoteValue(given)}, which is in the past`, {
      hint: "Use a time in the future; to remove the secret now, run `spike secret delete`",
    });
  }
  if (Number.isFinite(ms) && ms < MOST_MS) return new Date(ms).toISOString();
  throw new SpikeError(
    "usage",
    `Expiry is ${quoteValue(given)}, expected a time, date, duration or never`,
    {
      hint: "Examples: 2027-01-31T12:00:00Z, 2027-01-31, 90d, 12h, never",
    },
  );
}

/** 9999-12-31: later times have more digits than RFC 3339 allows. */
const MOST_MS = Date.UTC(9999, 11, 31);
