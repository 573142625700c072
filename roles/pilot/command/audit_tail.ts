import { SpikeError } from "../../../lib/api/error.ts";
import { quoteValue } from "../../../lib/api/quote.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";
import { withNexus } from "../session.ts";

/** What `spike audit tail` was given. */
export interface TailInput {
  readonly number: string;
  readonly after: string | undefined;
  readonly format: Format;
}

const MOST = 1_000;

/** `spike audit tail`: JSON comes one record a line, exactly as it was written. */
export async function auditTail(deps: PilotDeps, input: TailInput): Promise<void> {
  const limit = parseCount("--number", input.number, 1, MOST);
  const after = input.after === undefined
    ? {}
    : { after: parseCount("--after", input.after, 0, Number.MAX_SAFE_INTEGER) };
  const { records } = await withNexus(deps, ({ client }) => client.auditTail({ limit, ...after }));
  if (input.format === "json") return void deps.stdout.write(records.map((r) => `${r}\n`).join(""));
  const parsed = records.map((record) => JSON.parse(record));
  const text = input.format === "human"
    ? parsed.map(lineOf).join("\n")
    : await render(parsed, input.format, 2);
  if (records.length > 0) deps.stdout.write(`${text}\n`);
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

function lineOf(record: Fields): string {
  const { n, time, kind } = record;
  const start = `${n} ${new Date(Number(time)).toISOString()}`;
  if (kind === "change") return `${start} ${changeOf(record)}`;
  if (kind === "notice") return `${start} ${record["event"]} ${JSON.stringify(record["detail"])}`;
  return `${start} ${requestOf(record)}`;
}

function requestOf(
  { operation, path, version, caller, decision, by, name, status, code, us }: Fields,
) {
  const { id }: { id?: unknown } = Object(caller);
  const right = by === undefined ? String(decision) : `${decision} by ${by} ${name}`;
  const subject = [path, version === undefined ? undefined : `version ${version}`]
    .filter((part) => part !== undefined).join(" ");
  return [id, operation ?? "-", subject, right, code ?? status, `${Number(us) / 1000} ms`]
    .filter((part) => part !== "").join(", ");
}

function changeOf({ revision, operation, caller, changes }: Fields): string {
  const { id = "Nexus itself" }: { id?: unknown } = Object(caller);
  return `revision ${revision}, ${operation ?? "of its own accord"}, ${id}: ${
    JSON.stringify(changes)
  }`;
}
