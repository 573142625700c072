import { SpikeError } from "../../../lib/error/error.ts";
import { printableJson } from "../../../lib/text/printable.ts";
import type { PilotIo } from "../io.ts";
import { quoteValue } from "../../../lib/text/quote.ts";

/** How data are printed. */
export type Format = "human" | "json" | "yaml";

const FORMATS: Readonly<Record<string, Format>> = {
  "": "human",
  human: "human",
  h: "human",
  plain: "human",
  p: "human",
  json: "json",
  j: "json",
  yaml: "yaml",
  y: "yaml",
};

/** Reads the value of `--format`. @throws SpikeError `usage` */
export function parseFormat(given: string): Format {
  const format = Object.hasOwn(FORMATS, given) ? FORMATS[given] : undefined;
  if (format !== undefined) return format;
  throw new SpikeError(
    "usage",
    `Format is ${quoteValue(given)}, expected human, json or yaml`,
    {
      hint: "Short forms are h, plain, p, j and y",
    },
  );
}

/** How a result is printed: as lines for people, or as one document. */
export interface Printed {
  /** What a document holds; made only where one is printed. */
  readonly data: (format: Exclude<Format, "human">) => unknown;
  /** The same for people, one record a line. */
  readonly lines: () => readonly string[];
  /** Of JSON; 2 when absent. */
  readonly indent?: number;
}

/** Prints a result in the format that was asked for. */
export async function printAs(
  { stdout }: Pick<PilotIo, "stdout">,
  format: Format,
  { data, lines, indent = 2 }: Printed,
): Promise<void> {
  if (format === "human") return stdout.print(lines());
  stdout.write(new TextEncoder().encode(`${await render(data(format), format, indent)}\n`));
}

/** Data as JSON, or as YAML without its last newline. Maps keep their order, which objects may not. */
export async function render(
  data: unknown,
  format: Exclude<Format, "human">,
  indent: number,
): Promise<string> {
  if (format === "json") return toJson(data, " ".repeat(indent), "");
  const { toYaml } = await import("./yaml.ts");
  return toYaml(data);
}

function toJson(data: unknown, step: string, margin: string): string {
  const inner = margin + step;
  if (Array.isArray(data)) {
    const items = data.map((item) => inner + toJson(item, step, inner));
    return items.length === 0 ? "[]" : `[\n${items.join(",\n")}\n${margin}]`;
  }
  if (typeof data !== "object" || data === null) return printableJson(JSON.stringify(data));
  const entries = [...(data instanceof Map ? data : Object.entries(data))]
    .filter(([, value]) => value !== undefined);
  const members = entries.map(([name, value]) =>
    `${inner}${printableJson(JSON.stringify(String(name)))}: ${toJson(value, step, inner)}`
  );
  return members.length === 0 ? "{}" : `{\n${members.join(",\n")}\n${margin}}`;
}

/** A number with its word: `1 secret`, `2 secrets`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The pairs of a record by ascending key. */
export function sorted<T>(record: Readonly<Record<string, T>>): Map<string, T> {
  return new Map(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));
}
