/** Every member of every request, given everything that it cannot be. Made from the schemas of the requests. */
import { type Operation, OPERATIONS, type Route, ROUTES } from "../../lib/api/mod.ts";
import * as member from "../../lib/api/member.ts";
import type { Caller } from "./identity.ts";
import { targetOf } from "./rule_pairs.ts";

/** A value for a member, as JSON text, and whether a decoder takes it. */
interface Value {
  readonly text: string;
  readonly fits: boolean;
}

/** One request with one odd member. */
export interface OddRequest {
  readonly operation: Operation;
  /** Path and query. */
  readonly at: string;
  readonly as: Caller;
  readonly server: "nexus" | "keeper";
  readonly body: Uint8Array;
  /** What is odd, for the name of the test. */
  readonly what: string;
  /** Whether it cannot be decoded and has to be refused with `api_bad_request`. */
  readonly isBad: boolean;
}

type Kind = "text" | "integer" | "flag" | "integers" | "texts" | "map" | "shard" | "bytes" | "word";

const KINDS: ReadonlyMap<unknown, Kind> = new Map<unknown, Kind>([
  [member.text, "text"],
  [member.maybeText, "text"],
  [member.integer, "integer"],
  [member.maybeInteger, "integer"],
  [member.flag, "flag"],
  [member.maybeFlag, "flag"],
  [member.integers, "integers"],
  [member.texts, "texts"],
  [member.stringMap, "map"],
  [member.maybeStringMap, "map"],
  [member.maybeIntegers, "integers"],
  [member.maybeBytes, "bytes"],
  [member.maybeShard, "shard"],
  [member.bytes, "bytes"],
]);

/** One value of each shape that JSON has, and which kinds take it. */
const SHAPES: readonly (readonly [text: string, fits: readonly Kind[]])[] = [
  ["null", ["text", "integer", "flag", "integers", "texts", "map", "shard", "bytes", "word"]],
  ['"x x"', ["text"]],
  ['""', ["text", "bytes"]],
  ['"AAAA"', ["text", "bytes"]],
  ['"pending"', ["text", "word"]],
  ["true", ["flag"]],
  ["0", ["integer"]],
  ["-1", ["integer"]],
  ["9007199254740991", ["integer"]],
  ["9007199254740992", []],
  ["18446744073709551616", []],
  ["-9223372036854775809", []],
  ["1.5", []],
  ["1.0", []],
  ["1e3", []],
  ["1e999", []],
  ["[]", ["integers", "texts", "shard", "bytes"]],
  ["[null]", []],
  ["[1]", ["integers", "shard", "bytes"]],
  ["[256]", ["integers"]],
  ["[-1]", ["integers"]],
  ["[1.5]", []],
  ['["x"]', ["texts"]],
  ["[[]]", []],
  ["[{}]", []],
  ["{}", ["map"]],
  ['{"x":null}', []],
  ['{"x":"y","x":"z","__proto__":"w"}', ["map"]],
  ['{"x":1}', []],
  ['{"x":{"y":"z"}}', []],
  ["[".repeat(20) + "]".repeat(20), []],
];

/** Nothing takes these, since they are no JSON. */
const BROKEN: readonly string[] = [
  "",
  "nul",
  "tru",
  "undefined",
  "NaN",
  "Infinity",
  "0x10",
  "01",
  "+1",
  ".5",
  "1.",
  "'x'",
  '"',
  '"\\x"',
  '"\\u12"',
  '"\t"',
  '"\u0000"',
  "[1,]",
  "[1 2]",
  '{"x"}',
  '{"x":1,}',
  "{1:2}",
  "[".repeat(100_000),
  '{"x":'.repeat(10_000),
  "/**/1",
];

/** No text: halves of characters, alone or the wrong way round. */
const LONE = ["\\ud800", "\\udc00x", "\\ude00\\ud83d", `${"x".repeat(300)}\\udbff`];

/** Valid ones that are long: for a body of this many bytes there is room on every route. */
const LONG_BYTES = 60_000;

function valuesOf(kind: Kind): Value[] {
  const text = JSON.stringify("\u00e9".repeat(LONG_BYTES / 2));
  const numbers = `[${"9,".repeat(LONG_BYTES / 2)}9]`;
  return [
    ...SHAPES.map(([text, kinds]) => ({ text, fits: kinds.includes(kind) })),
    ...BROKEN.map((text) => ({ text, fits: false })),
    { text, fits: kind === "text" },
    { text: numbers, fits: kind === "bytes" },
    { text: `"${"\\ud83d\\ude00".repeat(9)}"`, fits: kind === "text" },
    ...LONE.map((half) => ({ text: `"${half}"`, fits: false })),
    { text: `["${LONE[0]}"]`, fits: false },
    { text: `{"k":"${LONE[1]}"}`, fits: false },
    { text: `{"${LONE[0]}":"k"}`, fits: false },
  ];
}

/** Names of ten digits that the runtime's tables keep in one place, which costs the square of their number. */
const COLLIDING = Array.from({ length: 4_000 }, (_, i) => `"${(4_000 + i) * 2 ** 18}":0`);
const SMALL = `{${Array.from({ length: 900 }, (_, i) => `"${i}":0`)}}`;

/** More than any message has. */
const CROWDS: readonly (readonly [what: string, text: string])[] = [
  ["colliding names", `{${COLLIDING}}`],
  ["colliding names in an unknown member", `{"x":{"y":{${COLLIDING}}}}`],
  ["members of several objects", `{"x":[${Array(5).fill(SMALL)}]}`],
  ["objects of one member", `{"x":[${Array(5_000).fill('{"a":0}')}]}`],
];

/** Bytes that are no UTF-8, each in a text. */
const INVALID_UTF8 = ["ff", "c328", "c0af", "eda080", "f4908080", "e2"];

/** Who gets as far as the operation, by its subject. */
const CALLERS: Readonly<Record<string, Caller>> = {
  secret: "superuser",
  policy: "superuser",
  cipher: "superuser",
  audit: "superuser",
  status: "superuser",
  bootstrap: "bootstrap",
  keeper: "nexus",
};

function callerOf(operation: Operation): Caller {
  if (operation === "operator.recover") return "recover";
  if (operation === "operator.restore") return "restore";
  if (operation.startsWith("operator.kek.")) return "superuser";
  if (operation === "operator.verify") return "superuser";
  if (operation.startsWith("operator.backup")) return "superuser";
  // What these do would end the suite; that a body is decoded before the caller is judged, a stranger sees, too.
  if (operation.startsWith("operator.")) return "workload";
  const caller = CALLERS[operation.split(".")[0] ?? ""];
  if (!caller) throw new Error(`Nobody is known who may ask for ${operation}`);
  return caller;
}

interface Schema {
  readonly pipe: readonly { readonly entries?: Readonly<Record<string, unknown>> }[];
}

/** Names and kinds of an operation's members. */
export function membersOf(operation: Operation): [name: string, kind: Kind][] {
  const schema = OPERATIONS[operation].request as unknown as Schema;
  const entries = schema.pipe.at(-1)?.entries ?? {};
  return Object.entries(entries).map(([name, entry]) => {
    const { wrapped } = entry as { wrapped?: { type: string } };
    const kind = KINDS.get(entry) ?? (wrapped?.type === "picklist" ? "word" : undefined);
    if (!kind) throw new Error(`Member ${name} of ${operation} is of no kind that is tried here`);
    return [name, kind];
  });
}

const encoder = new TextEncoder();

/** Longest body of an operation: that of its route, save for what carries a ciphertext of 65,536 bytes as numbers. */
function bodyLimit({ operation, bodyLimit }: Route): number {
  return operation.startsWith("cipher.") ? 65_536 * 4 + 1024 : bodyLimit;
}

function padded(length: number): string {
  const frame = '{"x":""}';
  return frame.replace('""', () => `"${"x".repeat(length - frame.length)}"`);
}

/** All odd requests of one operation. */
export function oddRequests(operation: Operation): OddRequest[] {
  const route = ROUTES.find((route) => route.operation === operation);
  if (!route) throw new Error(`${operation} has no route`);
  const base = {
    operation,
    at: targetOf(route),
    as: callerOf(operation),
    server: route.server,
  };
  const odd = (what: string, body: string | Uint8Array, isBad: boolean): OddRequest => ({
    ...base,
    what: what.slice(0, 60),
    body: typeof body === "string" ? encoder.encode(body) : body,
    isBad,
  });
  const members = membersOf(operation);
  return [
    odd("nothing", "", true),
    odd("no object", "[]", true),
    odd("something behind it", "{} {}", true),
    odd("unknown members", '{"x":[{"y":null}],"":0,"__proto__":{"path":"a"}}', false),
    odd("the same member twice", '{"x":1,"x":{}}', false),
    odd("as many bytes as may be", padded(bodyLimit(route)), false),
    odd("a byte too many", padded(bodyLimit(route) + 1), true),
    odd("10 MB", new Uint8Array(10_000_000).fill(0x20), true),
    odd("deep nesting", `{"x":${"[".repeat(100)}${"]".repeat(100)}}`, true),
    ...members.flatMap(([name, kind]) => [
      ...valuesOf(kind).map(({ text, fits }) =>
        odd(`${name} is ${text}`, `{${JSON.stringify(name)}:${text}}`, !fits)
      ),
      ...INVALID_UTF8.map((hex) =>
        odd(`${name} holds ${hex}`, withBytes(name, Uint8Array.fromHex(hex)), true)
      ),
      odd(`${name} has no value`, `{${JSON.stringify(name)}}`, true),
      odd(
        `${name} comes a thousand times`,
        `{${`"${name}":null,`.repeat(1000)}"${name}":null}`,
        false,
      ),
    ]),
    ...CROWDS.map(([what, text]) => odd(what, text, true)),
    odd(
      "all members are wrong",
      `{${members.map(([name]) => `"${name}":1.5`).join()}}`,
      members.length > 0,
    ),
  ];
}

function withBytes(name: string, bytes: Uint8Array): Uint8Array {
  const body = encoder.encode(`{${JSON.stringify(name)}:"${"?".repeat(bytes.length)}"}`);
  body.set(bytes, body.length - 2 - bytes.length);
  return body;
}
