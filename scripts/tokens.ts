/** A word, a string without its quotes, a sign, or the text between the holes of a template. */
export interface Token {
  readonly kind: "word" | "string" | "sign" | "template" | "pattern";
  readonly text: string;
  readonly line: number;
}

const SPACE = /\s+/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const PATTERN = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const WORD = /[#\w$\u0080-\uffff]+/y;
/** From a backquote or the end of a hole to the next hole or the closing backquote. */
const TEMPLATE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
/** After these a slash begins a pattern; after any other word, and after `)` and `]`, it divides. */
const BEFORE_PATTERN =
  /^(?:return|typeof|case|in|of|do|else|void|delete|await|yield|throw|[^\w)\]}])$/;

/**
 * Cuts TypeScript into tokens, exactly enough to tell code from comments, strings and patterns. A pattern right
 * after a closing brace is taken for a division, which no formatted source of ours contains.
 *
 * @throws Error when the text ends inside of a string or template
 */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  // For every open template the number of braces that are open inside its current hole.
  const holes: number[] = [];
  let at = 0;
  let line = 1;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const add = (kind: Token["kind"], found: string) => tokens.push({ kind, text: found, line });
  const addTemplate = () => {
    const found = take(TEMPLATE);
    if (found === undefined) throw new Error(`Line ${line}: a template does not end`);
    add("template", found.replace(/(?:`|\$\{)$/, ""));
    if (found.endsWith("${")) holes.push(0);
    line += countLines(found);
  };
  while (at < text.length) {
    const blank = take(SPACE) ?? take(COMMENT);
    if (blank !== undefined) {
      line += countLines(blank);
      continue;
    }
    const string = take(STRING);
    if (string !== undefined) {
      add("string", string.slice(1, -1));
      continue;
    }
    const pattern = BEFORE_PATTERN.test(tokens.at(-1)?.text ?? "(") ? take(PATTERN) : undefined;
    if (pattern !== undefined) {
      add("pattern", pattern);
      continue;
    }
    const word = take(WORD);
    if (word !== undefined) {
      add("word", word);
      continue;
    }
    const sign = text.charAt(at++);
    const open = holes.at(-1);
    if (sign === "`") addTemplate();
    else if (sign === "}" && open === 0) {
      holes.pop();
      addTemplate();
    } else {
      if (sign === '"' || sign === "'") throw new Error(`Line ${line}: a string does not end`);
      if (open !== undefined && sign === "{") holes[holes.length - 1] = open + 1;
      if (open !== undefined && sign === "}") holes[holes.length - 1] = open - 1;
      add("sign", sign);
    }
  }
  return tokens;
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}
