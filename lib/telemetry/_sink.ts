/** A logger for tests that records its lines. */
import type { Fields, Logger } from "./log.ts";

/** One line, as it was logged. */
export interface Line {
  readonly level: keyof Logger;
  readonly event: string;
  readonly fields: Fields;
}

/** A logger and what was logged to it. */
export function keepLines(): { log: Logger; lines: Line[]; events: () => string[] } {
  const lines: Line[] = [];
  const at = (level: keyof Logger) => (event: string, fields: Fields = {}) =>
    void lines.push({ level, event, fields });
  const log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { log, lines, events: () => lines.map(({ event }) => event) };
}
