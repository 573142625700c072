import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { writeRecord } from "../terminal/output.ts";
import { withNexus } from "../session.ts";

/** What `spike audit tail` was given. */
export interface TailInput {
  readonly number: string;
  readonly after: string | undefined;
  readonly format: Format;
}

const MOST = 1_000;

/** `spike audit tail`: JSON comes one record a line, exactly as it was written. */
export async function auditTail(deps: PilotIo, input: TailInput): Promise<void> {
  const limit = parseCount("--number", input.number, 1, MOST);
  const after = input.after === undefined
    ? {}
    : { after: parseCount("--after", input.after, 0, Number.MAX_SAFE_INTEGER) };
  const { records } = await withNexus(deps, ({ client }) => client.auditTail({ limit, ...after }));
  // The client accepts only objects on one line.
  const parsed = records.map((record): Fields => JSON.parse(record));
  if (input.format === "json") {
    for (const record of records) writeRecord(deps, new TextEncoder().encode(record));
  } else if (records.length > 0) {
    await printAs(deps, input.format, { data: () => parsed, lines: () => parsed.map(lineOf) });
  }
}

/** @throws SpikeError `usage` */
export function parseCount(flag: string, text: string, least: number, most: number): number {
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= least && count <= most) return count;
  throw new SpikeError(
    "usage",
    `Flag ${flag} is ${quoteValue(text)}, expected a whole number from ${least} to ${most}`,
  );
}

type Fields = Readonly<Record<string, unknown>>;

/** A field of a line, in quotes where it could look like several. */
function field(value: unknown): string {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return typeof value === "string" && /[,"\s]/.test(text) ? JSON.stringify(text) : text;
}

function lineOf(record: Fields): string {
  const { n, time, kind } = record;
  const date = new Date(Number(time));
  const start = `${field(n)} ${
    Number.isNaN(date.getTime()) ? "(no valid time)" : date.toISOString()
  }`;
  if (kind === "change") return `${start} ${changeOf(record)}`;
  if (kind === "notice") {
    return `${start} ${field(record["event"])} ${JSON.stringify(record["detail"])}`;
  }
  return `${start} ${requestOf(record)}`;
}

function requestOf(
  { operation, path, version, caller, decision, by, name, status, code, us, sum }: Fields,
) {
  const { id }: { id?: unknown } = Object(caller);
  if (sum !== undefined) {
    const { count, kinds }: { count?: unknown; kinds?: unknown } = Object(sum);
    return `${field(id)}, ${field(count)} refused requests in sum: ${JSON.stringify(kinds)}`;
  }
  const right = by === undefined
    ? field(decision)
    : [decision, "by", by, name].map(field).join(" ");
  const subject = [
    ...(path === undefined ? [] : [field(path)]),
    ...(version === undefined ? [] : [`version ${field(version)}`]),
  ].join(" ");
  const end = [field(code ?? status), `${Number(us) / 1000} ms`];
  return [field(id), field(operation ?? "-"), subject, right, ...end]
    .filter((part) => part !== "").join(", ");
}

function changeOf({ revision, operation, caller, changes }: Fields): string {
  const { id = "Nexus itself" }: { id?: unknown } = Object(caller);
  const what = operation === undefined ? "of its own accord" : field(operation);
  const who = id === "Nexus itself" ? id : field(id);
  return `revision ${field(revision)}, ${what}, ${who}: ${JSON.stringify(changes)}`;
}
