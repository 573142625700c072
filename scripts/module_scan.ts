import { type Token, tokensOf } from "./tokens.ts";

/** One module that a file names. */
export interface Reference {
  readonly specifier: string;
  readonly line: number;
  /** `type` vanishes before the program runs; `url` is `new URL("./x.ts", import.meta.url)`, a worker's entry. */
  readonly kind: "value" | "type" | "dynamic" | "url";
}

/** Something of the surroundings that a file uses: the runtime, a clock, a timer, randomness or the network. */
export interface RuntimeUse {
  readonly text: string;
  readonly line: number;
}

/** What a file says about other modules and about the runtime. */
export interface ModuleScan {
  readonly references: readonly Reference[];
  readonly runtime: readonly RuntimeUse[];
  /** Lines of imports whose module cannot be read off the source. */
  readonly computed: readonly number[];
}

/** Each is a sequence of tokens; none of them counts right after a dot, where it is somebody's member. */
const RUNTIME = [
  "Deno .",
  "Deno [",
  "Date . now",
  "new Date ( )",
  "Temporal . Now",
  "performance . now",
  "Math . random",
  "crypto . getRandomValues",
  "crypto . randomUUID",
  "setTimeout (",
  "setInterval (",
  "fetch (",
  "new Worker",
  "new WebSocket",
  "console .",
].map((text) => text.split(" "));

const URL_OF_MODULE = ["new", "URL", "("];
const META_URL = [",", "import", ".", "meta", ".", "url"];

function startsWith(tokens: readonly Token[], at: number, words: readonly string[]): boolean {
  return words.every((word, i) => tokens[at + i]?.text === word && isCode(tokens[at + i]));
}

function isCode(token: Token | undefined): boolean {
  return token?.kind === "word" || token?.kind === "sign";
}

function isMember(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  return before?.text === "." && tokens[at - 2]?.text !== "globalThis";
}

/** The module of a static `import` or `export … from` that begins at `at`. */
function staticReference(tokens: readonly Token[], at: number): Reference | undefined {
  const second = tokens[at + 1];
  const third = tokens[at + 2];
  if (second?.kind === "string") {
    return { specifier: second.text, line: second.line, kind: "value" };
  }
  // `import type from "x"` imports a value that is called type.
  const isType = second?.text === "type" && third?.text !== "from" && third?.text !== ",";
  for (let i = at + 1; i < tokens.length; i++) {
    const token = tokens[i];
    if (token?.text === "from" && tokens[i + 1]?.kind === "string") {
      const { text, line } = tokens[i + 1] as Token;
      return { specifier: text, line, kind: isType ? "type" : "value" };
    }
    const belongs = token?.kind === "word" || /^[{},*]$/.test(token?.text ?? "");
    if (!belongs || /^(const|function|class|interface|import|export)$/.test(token?.text ?? "")) {
      break;
    }
  }
  return undefined;
}

/** Whether `import(` at `at` stands for a type, as in `typeof import("x")` and `import("x").Y`. */
function isTypeImport(tokens: readonly Token[], at: number): boolean {
  return tokens[at - 1]?.text === "typeof";
}

/** Reads a module's references and its uses of the runtime off its source. */
export function scanModule(text: string): ModuleScan {
  const tokens = tokensOf(text);
  const references: Reference[] = [];
  const runtime: RuntimeUse[] = [];
  const computed: number[] = [];
  tokens.forEach((token, at) => {
    if (!isCode(token) || isMember(tokens, at)) return;
    const argument = tokens[at + 2];
    if (startsWith(tokens, at, ["import", "("])) {
      if (argument?.kind !== "string") computed.push(token.line);
      else {
        const kind = isTypeImport(tokens, at) ? "type" : "dynamic";
        references.push({ specifier: argument.text, line: argument.line, kind });
      }
    } else if (token.text === "import" || token.text === "export") {
      const found = staticReference(tokens, at);
      if (found) references.push(found);
    } else if (startsWith(tokens, at, URL_OF_MODULE) && startsWith(tokens, at + 4, META_URL)) {
      const { text: specifier = "", line = token.line } = tokens[at + 3] ?? {};
      references.push({ specifier, line, kind: "url" });
    }
    const used = RUNTIME.find((words) => startsWith(tokens, at, words));
    if (used) runtime.push({ text: used.join("").replace("new", "new "), line: token.line });
  });
  return { references, runtime, computed };
}
