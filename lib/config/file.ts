import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { SpikeError } from "../error/error.ts";
import { looksLikeKey, quoteValue } from "../text/quote.ts";
import { yamlFault } from "../input/yaml_fault.ts";

/** The content of a settings file. */
export interface SettingsFile {
  /** Path of the file. */
  readonly path: string;
  /** Text of each value by setting name; a list is joined by commas. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Reads settings from YAML: a mapping of setting names to values. A list is joined by commas. `loadSettings` validates
 * names and values.
 *
 * @throws {SpikeError} `config_invalid` that begins with the file name and the line
 */
export function parseSettingsFile(path: string, text: string): SettingsFile {
  const lines = new LineCounter();
  // With this schema every scalar is its literal text, as in an environment variable.
  const document = parseDocument(text, {
    schema: "failsafe",
    lineCounter: lines,
    prettyErrors: false,
  });
  const refuse = (offset: number | undefined, message: string) => {
    const line = offset === undefined ? "" : `:${lines.linePos(offset).line}`;
    return new SpikeError("config_invalid", `${path}${line}: ${message}`);
  };
  const [error] = document.errors;
  if (error !== undefined) throw refuse(error.pos[0], `YAML is not valid: ${yamlFault(error)}`);
  const values: Record<string, string> = Object.create(null);
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === "")) return { path, values };
  if (!isMap(contents)) throw refuse(undefined, "File is not a mapping of settings to values");
  for (const { key, value } of contents.items) {
    if (!isScalar(key)) throw refuse(contents.range?.[0], "The name of a setting is not text");
    // Do not repeat other text: it may be the content of a secret file that was given by mistake.
    if (!/^[\w.-]{1,64}$/.test(String(key.value))) {
      throw refuse(
        key.range?.[0],
        "The name of a setting may contain only letters, digits, . _ and -",
      );
    }
    const given = textOf(value);
    if (given === undefined) {
      throw refuse(key.range?.[0], `${nameOf(key.value)} is neither text nor a list of texts`);
    }
    values[String(key.value)] = given;
  }
  return { path, values };
}

function nameOf(key: unknown): string {
  const name = String(key);
  return looksLikeKey(name) ? quoteValue(name) : name;
}

function textOf(value: unknown): string | undefined {
  if (isScalar(value)) return String(value.value);
  if (!isSeq(value)) return undefined;
  const items = value.items.map((item) => isScalar(item) ? String(item.value) : undefined);
  return items.includes(undefined) ? undefined : items.join(",");
}
