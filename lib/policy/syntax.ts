/** A set of ASCII characters, as the bits of one number. */
export type CharacterSet = bigint;

/** Syntax tree of a pattern. */
export type Syntax =
  /** One character. */
  | { readonly kind: "one"; readonly of: CharacterSet }
  /** Nothing, at the beginning or the end of the text. */
  | { readonly kind: "begin" | "end" }
  | { readonly kind: "sequence" | "either"; readonly parts: readonly Syntax[] }
  | { readonly kind: "repeat"; readonly part: Syntax; readonly min: number; readonly max: number };

const ALL: CharacterSet = (1n << 128n) - 1n;
const DIGIT = range("0", "9");
const WORD = range("a", "z") | range("A", "Z") | DIGIT | bit("_");
const SPACE = [..."\t\n\f\r "].reduce((set, character) => set | bit(character), 0n);

/** By the letter behind a backslash. */
const CLASSES: Readonly<Record<string, CharacterSet>> = {
  d: DIGIT,
  D: ALL & ~DIGIT,
  w: WORD,
  W: ALL & ~WORD,
  s: SPACE,
  S: ALL & ~SPACE,
};

const ANCHORS: Readonly<Record<string, Syntax>> = {
  "^": { kind: "begin" },
  "$": { kind: "end" },
  "\\A": { kind: "begin" },
  "\\z": { kind: "end" },
};

const QUANTIFIER = /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/;
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

/**
 * Reads an RE2 pattern that is known to compile, as far as texts of ASCII characters are concerned. What it reads:
 * characters and escaped punctuation, `.`, classes in brackets, `\d \w \s` and their opposites, groups without
 * flags or names, alternatives, all quantifiers, and the anchors `^ $ \A \z`. Undefined for every other pattern:
 * one with flags such as `(?i)`, with `\b`, `\Q`, `\x`, `\p` or `[[:alpha:]]`.
 */
export function readSyntax(pattern: string): Syntax | undefined {
  try {
    return new Reader(pattern).read();
  } catch (error) {
    if (error instanceof Unread) return undefined;
    throw error;
  }
}

/** Whether a set has a character, given by its code. */
export function hasCode(set: CharacterSet, code: number): boolean {
  return (set >> BigInt(code) & 1n) === 1n;
}

class Unread extends Error {}

class Reader {
  #at = 0;

  constructor(readonly pattern: string) {}

  read(): Syntax {
    const syntax = this.#either();
    if (this.#at < this.pattern.length) throw new Unread();
    return syntax;
  }

  get #next(): string {
    return this.pattern[this.#at] ?? "";
  }

  #take(): string {
    const character = this.#next;
    if (character === "" || character > "\x7f") throw new Unread();
    this.#at++;
    return character;
  }

  #either(): Syntax {
    const parts = [this.#sequence()];
    while (this.#next === "|") {
      this.#at++;
      parts.push(this.#sequence());
    }
    return { kind: "either", parts };
  }

  #sequence(): Syntax {
    const parts: Syntax[] = [];
    while (this.#next !== "" && this.#next !== "|" && this.#next !== ")") {
      parts.push(this.#repeated(this.#part()));
    }
    return { kind: "sequence", parts };
  }

  #repeated(part: Syntax): Syntax {
    const [whole, sign, least, more, most] = QUANTIFIER.exec(this.pattern.slice(this.#at)) ?? [];
    if (whole === undefined) return part;
    this.#at += whole.length;
    const min = sign ? (sign === "+" ? 1 : 0) : Number(least);
    const max = sign ? (sign === "?" ? 1 : Infinity) : !more ? min : most ? Number(most) : Infinity;
    return { kind: "repeat", part, min, max };
  }

  #part(): Syntax {
    const character = this.#take();
    if (character === "(") return this.#group();
    if (character === "[") return { kind: "one", of: this.#brackets() };
    if (character === ".") return { kind: "one", of: ALL & ~bit("\n") };
    const anchor = ANCHORS[character === "\\" ? `\\${this.#next}` : character];
    if (anchor) {
      if (character === "\\") this.#at++;
      return anchor;
    }
    return { kind: "one", of: character === "\\" ? this.#escaped() : bit(character) };
  }

  #group(): Syntax {
    if (this.#next === "?") throw new Unread();
    const inner = this.#either();
    if (this.#take() !== ")") throw new Unread();
    return inner;
  }

  #escaped(): CharacterSet {
    const character = this.#take();
    const set = CLASSES[character];
    if (set !== undefined) return set;
    if (!PUNCTUATION.test(character)) throw new Unread();
    return bit(character);
  }

  /** In brackets a dash is a range only between two characters, and a bracket that comes first is a character. */
  #brackets(): CharacterSet {
    const isNegated = this.#next === "^";
    if (isNegated) this.#at++;
    let set = 0n;
    for (let isFirst = true; isFirst || this.#next !== "]"; isFirst = false) set |= this.#member();
    this.#at++;
    return isNegated ? ALL & ~set : set;
  }

  #member(): CharacterSet {
    if (this.pattern.startsWith("[:", this.#at)) throw new Unread();
    const isClass = this.#next === "\\" && (this.pattern[this.#at + 1] ?? "") in CLASSES;
    const low = this.#character();
    const isRange = !isClass && this.#next === "-" && this.pattern[this.#at + 1] !== "]";
    if (!isRange) return low;
    this.#at++;
    const high = this.#character();
    let set = low;
    for (let one = low; one < high; one <<= 1n) set |= one << 1n;
    return set;
  }

  #character(): CharacterSet {
    const character = this.#take();
    return character === "\\" ? this.#escaped() : bit(character);
  }
}

function bit(character: string): CharacterSet {
  return 1n << BigInt(character.charCodeAt(0));
}

function range(first: string, last: string): CharacterSet {
  return (bit(last) << 1n) - bit(first);
}
