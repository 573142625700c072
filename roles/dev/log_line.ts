/** What a supervisor reads in the output of the processes it started. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A line of a process's log, or undefined for any other text. */
export function parseLogLine(line: string): LogLine | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const { level, event, fields } = JSON.parse(line) as Record<string, unknown>;
    if (typeof level !== "string" || typeof event !== "string") return undefined;
    const isObject = typeof fields === "object" && fields !== null;
    return { level, event, fields: isObject ? fields as Record<string, unknown> : {} };
  } catch {
    // Not ours: some other text that begins with a brace.
    return undefined;
  }
}

/** What a line complains about, in words, or undefined when it does not. */
export function complaintOf(line: string): string | undefined {
  const plain = /^(?:error|Error): (.*)$/.exec(line)?.[1];
  if (plain !== undefined) return plain;
  const parsed = parseLogLine(line);
  if (parsed?.level !== "error") return undefined;
  return `${parsed.event}${detailOf(parsed)}`;
}

/** Events after which no waiting helps, whatever they say. */
const DEAD_ENDS: ReadonlySet<string> = new Set([
  "store_meta_damaged",
  "sealed_at_start",
  "keepers_of_later_root",
]);

/** Why a process will never get ready by itself, in words, or undefined when a line says no such thing. */
export function deadEndOf(line: LogLine): string | undefined {
  const { level, event, fields } = line;
  const isFinal = DEAD_ENDS.has(event) ||
    event === "recovery_failed" && fields["code"] === "state_integrity_check";
  return level === "error" && isFinal ? tellingOf(line) : undefined;
}

/** Events worth telling a person who looks on, by name. */
const TOLD: Readonly<Record<string, string>> = {
  listening: "listening",
  root_key_rebuilt: "root key rebuilt",
  root_key_dropped: "root key dropped",
  store_created: "new database made",
  database_lost: "database lost",
  keeper_shard_wrong: "a keeper gave a wrong shard",
};

/** A line in words for the terminal, or undefined when it is not worth telling. */
export function tellingOf({ level, event, fields }: LogLine): string | undefined {
  if (event === "listening") return `listens on port ${fields["port"]}`;
  const words = (Object.hasOwn(TOLD, event) ? TOLD[event] : undefined) ??
    (level === "error" ? event.replaceAll("_", " ") : undefined);
  return words && `${words}${detailOf({ level, event, fields })}`;
}

function detailOf({ fields }: LogLine): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}
