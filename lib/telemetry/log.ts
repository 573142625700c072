import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";
import { printableJson } from "../text/printable.ts";
import { withoutKeys } from "../text/quote.ts";

/** Lowest level that is written. */
export type Level = "debug" | "info" | "warn" | "error";

/** Fields of a line besides its event: plain values, never a secret, a shard or a key. */
export type Fields = Readonly<Record<string, string | number | boolean | null>>;

/** Writes the lines of one component. An event is a short snake_case name that never changes with the data. */
export interface Logger {
  /** Logs at level `debug`. */
  debug(event: string, fields?: Fields): void;
  /** Logs at level `info`. */
  info(event: string, fields?: Fields): void;
  /** Logs at level `warn`. */
  warn(event: string, fields?: Fields): void;
  /** Logs at level `error`. */
  error(event: string, fields?: Fields): void;
}

/** Receives one line without its newline. */
export type LineSink = (line: string) => void;

const ROOT = "spike";
const OUR_LEVEL = {
  trace: "debug",
  debug: "debug",
  info: "info",
  warning: "warn",
  error: "error",
  fatal: "error",
} as const satisfies Record<LogRecord["level"], Level>;

/**
 * One record as a line: a JSON object with `time`, `level`, `component`, `event` and, if any, `fields`. Controls that
 * JSON permits in a string are escaped, because logs are read at terminals.
 */
function lineOf(record: LogRecord): string {
  const [root, ...rest] = record.category;
  const event = typeof record.rawMessage === "string"
    ? record.rawMessage
    : record.rawMessage.join("");
  const isBare = Object.keys(record.properties).length === 0;
  return printableJson(JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: OUR_LEVEL[record.level],
    component: root === ROOT ? rest.join(".") : record.category.join("."),
    event,
    ...(isBare ? {} : { fields: record.properties }),
  }, hideKeys));
}

/** A key that somebody gave where a path or a name belongs stays out of logs, which go to other machines. */
function hideKeys(_name: string, value: unknown): unknown {
  return typeof value === "string" ? withoutKeys(value) : value;
}

const encoder = new TextEncoder();

/** Writes whole lines to standard error, so that lines of several workers do not interleave. */
function writeToStderr(line: string): void {
  let rest = encoder.encode(`${line}\n`);
  while (rest.length > 0) rest = rest.subarray(Deno.stderr.writeSync(rest));
}

/**
 * Writes a line at any configured level and before it returns. For events that must not be lost silently.
 *
 * @throws {Error} the runtime's error if standard error cannot be written
 */
export function writeLine(component: string, event: string, fields: Fields): void {
  const time = new Date().toISOString();
  const line = JSON.stringify({ time, level: "info", component, event, fields }, hideKeys);
  writeToStderr(printableJson(line));
}

/**
 * Sets the log level and the sink; call it again to change the level. Nothing is written before the first call. It needs
 * no permission, so each Worker calls it itself.
 */
export function configureLogging(options: { level: Level; sink?: LineSink }): void {
  const write = options.sink ?? writeToStderr;
  configureSync({
    reset: true,
    sinks: { line: (record) => write(lineOf(record)) },
    loggers: [
      {
        category: ROOT,
        lowestLevel: options.level === "warn" ? "warning" : options.level,
        sinks: ["line"],
      },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["line"] },
    ],
  });
}

/**
 * The logger of one component.
 *
 * @example
 * ```ts
 * createLogger("keeper").warn("shard_refused", { index: 2, generation: 7 });
 * ```
 */
export function createLogger(component: string): Logger {
  const logger = getLogger([ROOT, component]);
  return {
    debug: (event, fields = {}) => logger.debug(event, fields),
    info: (event, fields = {}) => logger.info(event, fields),
    warn: (event, fields = {}) => logger.warn(event, fields),
    error: (event, fields = {}) => logger.error(event, fields),
  };
}
