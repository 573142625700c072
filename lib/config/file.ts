import { isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { SpikeError } from "../error/error.ts";
import { looksLikeKey, quoteValue } from "../text/quote.ts";
import { yamlFault } from "../input/yaml_fault.ts";

/** A settings file, read: texts by setting name. */
export interface SettingsFile {
  /** Path of the file. */
  readonly path: string;
  /** Text of each value by setting name; a list is joined by commas. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Reads settings from YAML: a mapping of setting names to values, lists being joined by commas. Whether names and
 * values are right is for `loadSettings` to find out.
 *
 * @throws SpikeError `config_invalid` that begins with the file's name and the line
 */
export function parseSettingsFile(path: string, text: string): SettingsFile {
  const lines = new LineCounter();
  // With this schema every scalar is the text that stands there, as it would be in a variable.
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
  if (!isMap(contents)) throw refuse(undefined, "File holds no mapping of settings to values");
  for (const { key, value } of contents.items) {
    if (!isScalar(key)) throw refuse(contents.range?.[0], "A setting's name is no text");
    // What is no setting may be the content of a file that was given by mistake.
    if (!/^[\w.-]{1,64}$/.test(String(key.value))) {
      throw refuse(key.range?.[0], "A setting's name is letters, digits, . _ and -");
    }
    const given = textOf(value);
    if (given === undefined) {
      throw refuse(key.range?.[0], `${nameOf(key.value)} is neither a text nor a list of texts`);
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
