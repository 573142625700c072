import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { yamlFault } from "../../../lib/input/yaml_fault.ts";
import type { PolicyDraft } from "../../../lib/policy/policy.ts";

const KEYS = ["name", "spiffeidPattern", "pathPattern", "permissions"] as const;

/** How an exported policy spells them: JSON has the wire's names, YAML all in lower case (`spike policy get`). */
const EXPORTED: Readonly<Record<string, (typeof KEYS)[number]>> = {
  spiffeidpattern: "spiffeidPattern",
  pathpattern: "pathPattern",
};
/** What an exported policy says besides, which Nexus sets itself. */
const OF_NEXUS = ["id", "createdAt", "createdat", "updatedAt", "updatedat"];

/** What files for older releases, and slips of the pen, call a key. */
const MEANT: Readonly<Record<string, string>> = {
  spiffeid: "spiffeidPattern",
  spiffiedPattern: "spiffeidPattern",
  path: "pathPattern",
};

/** A file as it is read: its name, and where its lines begin. */
interface Source {
  readonly file: string;
  readonly lines: LineCounter;
}

/** Something that the parser gave a place. */
interface Placed {
  readonly range?: readonly [number, number, number] | null | undefined;
}

function refuse(source: Source, at: Placed, message: string, hint?: string): SpikeError {
  const start = at.range?.[0];
  const line = start === undefined ? "" : `:${source.lines.linePos(start).line}`;
  const options = hint === undefined ? {} : { hint };
  return new SpikeError("data_invalid_input", `${source.file}${line}: ${message}`, options);
}

/** A policy with the place where it stands. */
export interface PlacedDraft {
  readonly draft: PolicyDraft;
  readonly file: string;
  /** Of the first line of its document that says something. */
  readonly line: number;
}

/**
 * Reads a policy from YAML: one document with exactly four keys. What it says is not yet checked.
 *
 * @throws SpikeError `data_invalid_input` that begins with the file's name and the line
 */
export function parsePolicyFile(file: string, text: string): PlacedDraft {
  const source = { file, lines: new LineCounter() };
  const [first, second] = documentsOf(source, text);
  if (second !== undefined) {
    throw refuse(
      source,
      { range: second.range },
      "A second document begins here, expected one",
      "Files of several policies are for --file DIRECTORY, or for --dry-run",
    );
  }
  if (first === undefined) throw refuseContents(source, {});
  return placedDraft(source, first);
}

/**
 * Reads all policies of a file, one in each document; empty documents are passed over. What is wrong with a
 * document takes its place: an error `data_invalid_input` that begins with the file's name and the line.
 */
export function parsePolicyDocuments(file: string, text: string): (PlacedDraft | SpikeError)[] {
  const source = { file, lines: new LineCounter() };
  try {
    return documentsOf(source, text).filter((document) => !isEmpty(document)).map((document) => {
      try {
        return placedDraft(source, document);
      } catch (error) {
        return asRefusal(error);
      }
    });
  } catch (error) {
    return [asRefusal(error)];
  }
}

function asRefusal(error: unknown): SpikeError {
  if (error instanceof SpikeError) return error;
  throw error;
}

function documentsOf(source: Source, text: string): Document.Parsed[] {
  // With this schema every scalar is the text that stands there: a policy may be called 007 or yes.
  const parsed = parseAllDocuments(text, {
    schema: "failsafe",
    lineCounter: source.lines,
    prettyErrors: false,
  });
  const documents = "empty" in parsed ? [] : parsed;
  const error = documents.flatMap(({ errors }) => errors)[0];
  if (error !== undefined) throw refuseSyntax(source, error);
  return documents;
}

function placedDraft(source: Source, document: Document.Parsed): PlacedDraft {
  const start = document.contents?.range?.[0] ?? document.range[0];
  const { line } = source.lines.linePos(start);
  return { draft: draftOf(source, document), file: source.file, line };
}

function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (isScalar(contents) && contents.value === "");
}

function draftOf(source: Source, { contents }: Document.Parsed): PolicyDraft {
  if (!isMap(contents)) throw refuseContents(source, contents ?? {});
  const members = membersOf(source, contents);
  const missing = KEYS.find((key) => !members.has(key));
  if (missing !== undefined) {
    throw refuse(
      source,
      contents,
      `${missing} is required in YAML file`,
      `Give ${KEYS.join(", ")}`,
    );
  }
  return {
    name: textOf(source, members, "name"),
    spiffeidPattern: textOf(source, members, "spiffeidPattern"),
    pathPattern: textOf(source, members, "pathPattern"),
    permissions: wordsOf(source, members),
  };
}

function refuseContents(source: Source, at: Placed): SpikeError {
  return refuse(source, at, `File is not a mapping, expected the keys ${KEYS.join(", ")}`);
}

function refuseSyntax(source: Source, fault: YAMLError): SpikeError {
  const { code, pos: [start, end] } = fault;
  const hint = code === "BAD_DQ_ESCAPE"
    ? "Put patterns in single quotes; in double quotes each backslash must be doubled"
    : undefined;
  return refuse(
    source,
    { range: [start, end, end] },
    `YAML is not valid: ${yamlFault(fault)}`,
    hint,
  );
}

function membersOf(source: Source, map: YAMLMap): Map<string, Pair> {
  const members = new Map<string, Pair>();
  for (const pair of map.items) {
    const place: Placed = isScalar(pair.key) ? pair.key : map;
    const given = isScalar(pair.key) ? String(pair.key.value) : "";
    const key = Object.hasOwn(EXPORTED, given) ? EXPORTED[given] ?? given : given;
    if (OF_NEXUS.includes(key) || isWireDouble(map, key)) continue;
    if (members.has(key)) throw refuse(source, place, `Key ${key} is given twice`, "Give it once");
    if (!KEYS.some((known) => known === key)) {
      const meant = Object.hasOwn(MEANT, key) ? MEANT[key] : undefined;
      const hint = meant === undefined ? `Known are ${KEYS.join(", ")}` : `Write ${meant}`;
      throw refuse(source, place, `Key ${quoteValue(key)} is not known`, hint);
    }
    members.set(key, pair);
  }
  return members;
}

/** The wire has the ID pattern twice, once misspelled; beside the right one the other says nothing of its own. */
function isWireDouble(map: YAMLMap, key: string): boolean {
  const right = map.get("spiffeidPattern");
  return key === "spiffiedPattern" && right !== undefined && map.get(key) === right;
}

function textOf(source: Source, members: Map<string, Pair>, key: string): string {
  const pair = members.get(key);
  const place: Placed = isScalar(pair?.key) ? pair.key : {};
  const text = isScalar(pair?.value) ? pair.value.value : undefined;
  if (text === "" || pair?.value === null) {
    throw refuse(source, place, `${key} is required in YAML file`);
  }
  if (typeof text !== "string") throw refuse(source, place, `${key} is not text`);
  return text;
}

function wordsOf(source: Source, members: Map<string, Pair>): string[] {
  const pair = members.get("permissions");
  const place: Placed = isScalar(pair?.key) ? pair.key : {};
  if (!isSeq(pair?.value)) {
    throw refuse(
      source,
      place,
      "permissions is no list, expected one",
      "Write permissions: [read, list]",
    );
  }
  return pair.value.items.map((item) => {
    if (isScalar(item) && typeof item.value === "string") return item.value;
    throw refuse(source, place, "permissions holds what is no word");
  });
}
