import { isMap, isScalar, isSeq, LineCounter, parseDocument, type YAMLMap } from "yaml";
import { type AccessQuestion, parseQuestion } from "../../../lib/access/mod.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { yamlFault } from "../../../lib/input/yaml_fault.ts";

/** What is expected of one decision. */
export interface PolicyCase {
  readonly file: string;
  readonly line: number;
  readonly question: AccessQuestion;
  readonly allowed: boolean;
  /** A policy that has to be among those that grant it, or `role:superuser` for a role. */
  readonly by?: string;
}

const KEYS = ["id", "path", "permissions", "permission", "allowed", "by"];

/**
 * Reads cases from YAML: a list, or a mapping with the list under `cases`.
 *
 * @throws SpikeError `data_invalid_input` that begins with the file's name and the line
 */
export function parseCases(file: string, text: string): PolicyCase[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset = 0) => lines.linePos(offset).line;
  const refuse = (line: number, message: string, hint?: string) =>
    new SpikeError(
      "data_invalid_input",
      `${file}:${line}: ${message}`,
      hint === undefined ? {} : { hint },
    );
  const [error] = document.errors;
  if (error) throw refuse(lineOf(error.pos[0]), `YAML is not valid: ${yamlFault(error)}`);
  const { contents } = document;
  const list = isMap(contents) ? contents.get("cases") : contents;
  if (!isSeq(list)) {
    throw refuse(
      1,
      "File is not a list of cases",
      "Write them as a list or as a list under cases:",
    );
  }
  return list.items.map((item) => {
    const line = isMap(item) ? lineOf(item.range?.[0]) : 1;
    if (!isMap(item)) throw refuse(line, "A case is not a mapping", `Known are ${KEYS.join(", ")}`);
    try {
      return { file, line, ...caseOf(item) };
    } catch (error) {
      if (!(error instanceof SpikeError)) throw error;
      throw refuse(line, error.message, error.hint);
    }
  });
}

function caseOf(map: YAMLMap): Omit<PolicyCase, "file" | "line"> {
  const keys = map.items.map(({ key }) => isScalar(key) ? String(key.value) : "");
  const unknown = keys.find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw new SpikeError("data_invalid_input", `Key ${quoteValue(unknown)} is not known`, {
      hint: `Known are ${KEYS.join(", ")}`,
    });
  }
  const members: Record<string, unknown> = map.toJSON();
  const { allowed, by } = members;
  if (typeof allowed !== "boolean") {
    throw new SpikeError("data_invalid_input", "allowed is missing, expected true or false");
  }
  if (by !== undefined && (typeof by !== "string" || !allowed)) {
    throw new SpikeError(
      "data_invalid_input",
      "by goes with allowed: true, and is the name of a policy or role:NAME",
    );
  }
  const question = parseQuestion({
    spiffeid: textOf(members, "id"),
    path: textOf(members, "path"),
    permissions: permissionsOf(members),
  });
  return { question, allowed, ...(by === undefined ? {} : { by }) };
}

function textOf(members: Record<string, unknown>, key: string): string {
  const text = members[key];
  if (typeof text === "string") return text;
  throw new SpikeError("data_invalid_input", `${key} is missing, expected a text`);
}

function permissionsOf({ permissions, permission }: Record<string, unknown>): string[] {
  const given = permission === undefined ? permissions : [permission];
  const isBoth = permission !== undefined && permissions !== undefined;
  if (!isBoth && Array.isArray(given) && given.every((word) => typeof word === "string")) {
    return given;
  }
  throw new SpikeError("data_invalid_input", "permission is missing, expected a word", {
    hint: "Write permission: read, or permissions: [read, list]",
  });
}
