import { SpikeError } from "../error/error.ts";

/** A number that is not a safe integer (within ±2^53), or is written with a fraction or an exponent. */
export class NumberText {
  /** `text` is the number as written. */
  constructor(
    /** The number as written. */
    readonly text: string,
  ) {}
}

/** An object: names in the order of the input. A repeated name has its last value, at its last place. */
export type JsonObject = ReadonlyMap<string, Json>;

/** A parsed JSON value. A plain `number` is a safe integer that was written without fraction or exponent. */
export type Json = null | boolean | string | number | NumberText | readonly Json[] | JsonObject;

/** Deeper than any message of the API, far below the limit of the stack. */
const MAX_DEPTH = 32;

/** Strings from this length on go through the built-in parser, which is faster for them. */
const LONG = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const BLANK = /[ \t\n\r]*/y;
const LITERALS = [["null", null], ["true", true], ["false", false]] as const;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Limits for one JSON text. */
export interface JsonLimits {
  /** Most members of one object. */
  readonly members: number;
  /** Most elements of one array. */
  readonly elements: number;
  /** Most members of all objects together. */
  readonly allMembers: number;
  /** Most elements of all arrays together. */
  readonly allElements: number;
}

/**
 * Limits for requests. The runtime hashes names of up to ten digits without a secret, so a caller can choose names that
 * all collide in a hash table, whose cost then grows with the square of their number. The largest legitimate request has
 * 1,000 keys with text values and 1,000 with binary values.
 */
export const REQUEST_LIMITS: JsonLimits = {
  members: 1_024,
  elements: 1_024,
  allMembers: 2_304,
  allElements: 4_096,
};

/** More elements than the longest ciphertext that can be configured has bytes (1,048,576). */
const MANY = 1_100_000;

/** Limits for requests that carry bytes, which SPIKE in Go may write as an array of numbers. Arrays are not hashed. */
export const BYTES_LIMITS: JsonLimits = { ...REQUEST_LIMITS, elements: MANY, allElements: MANY };

/**
 * Limits for answers of an authenticated server and for trust bundles. A listing of a million paths and a batch of 100
 * secrets with 1,000 keys each fit.
 */
export const ANSWER_LIMITS: JsonLimits = {
  members: 4_096,
  elements: MANY,
  allMembers: 131_072,
  allElements: MANY,
};

/** Options of {@linkcode parseJson}. */
export interface JsonOptions {
  /** Default: {@linkcode REQUEST_LIMITS}. */
  readonly limits?: JsonLimits;
  /** Names the text in errors. Default: `Body`. */
  readonly what?: string;
  /** Reject repeated names in an object, which two parsers could read differently. Default: false. */
  readonly isStrictAboutNames?: boolean;
}

/**
 * Parses one JSON value (RFC 8259) as strictly as Go's decoder, and keeps what `JSON.parse` loses: the text of numbers
 * and the order of names. It rejects invalid UTF-8 and escaped lone surrogates (RFC 8259 section 8.2), which UTF-8 cannot
 * encode. Limits are checked before a value is inserted.
 *
 * @throws {SpikeError} api_bad_request; the message gives the position and never quotes the body
 */
export function parseJson(body: Uint8Array, options: JsonOptions = {}): Json {
  const { what = "Body", isStrictAboutNames = false, limits = REQUEST_LIMITS } = options;
  let text: string;
  try {
    text = decoder.decode(body);
  } catch {
    throw new SpikeError("api_bad_request", `${what} is not valid UTF-8`);
  }
  return new Parser(text, what, isStrictAboutNames, limits).whole();
}

class Parser {
  #at = 0;
  #members = 0;
  #elements = 0;

  constructor(
    readonly text: string,
    readonly what: string,
    readonly isStrictAboutNames: boolean,
    readonly limits: JsonLimits,
  ) {}

  whole(): Json {
    this.#skipBlank();
    if (this.#at === this.text.length) {
      throw new SpikeError("api_bad_request", `${this.what} is empty, expected a JSON object`);
    }
    const value = this.#value(0);
    this.#skipBlank();
    if (this.#at < this.text.length) throw this.#malformed(this.#at);
    return value;
  }

  #value(depth: number): Json {
    if (depth > MAX_DEPTH) {
      throw new SpikeError(
        "api_bad_request",
        `${this.what} is nested deeper than ${MAX_DEPTH} levels`,
      );
    }
    switch (this.text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "n":
      case "t":
      case "f":
        return this.#literal();
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    const members = new Map<string, Json>();
    let count = 0;
    this.#at++;
    this.#skipBlank();
    if (this.#take("}")) return members;
    do {
      this.#countMember(++count);
      this.#skipBlank();
      if (this.text[this.#at] !== '"') throw this.#malformed(this.#at);
      const name = this.#string();
      this.#skipBlank();
      if (!this.#take(":")) throw this.#malformed(this.#at);
      this.#skipBlank();
      const value = this.#value(depth + 1);
      const before = members.size;
      members.set(name, value);
      if (members.size === before) {
        if (this.isStrictAboutNames) {
          throw this.#malformed(this.#at, "ambiguous, it has a name twice");
        }
        // Moves the name to its last place.
        members.delete(name);
        members.set(name, value);
      }
      this.#skipBlank();
    } while (this.#take(","));
    if (!this.#take("}")) throw this.#malformed(this.#at);
    return members;
  }

  #array(depth: number): readonly Json[] {
    const items: Json[] = [];
    this.#at++;
    this.#skipBlank();
    if (this.#take("]")) return items;
    do {
      this.#countElement(items.length + 1);
      this.#skipBlank();
      items.push(this.#value(depth + 1));
      this.#skipBlank();
    } while (this.#take(","));
    if (!this.#take("]")) throw this.#malformed(this.#at);
    return items;
  }

  /** Counts a member; `count` is the number of members of its object so far. */
  #countMember(count: number): void {
    const { members, allMembers } = this.limits;
    if (count > members) this.#tooMany(`an object with more than ${members} members`);
    if (++this.#members > allMembers) this.#tooMany(`more than ${allMembers} members`);
  }

  /** Counts an element; `count` is the number of elements of its array so far. */
  #countElement(count: number): void {
    const { elements, allElements } = this.limits;
    if (count > elements) this.#tooMany(`an array with more than ${elements} elements`);
    if (++this.#elements > allElements) this.#tooMany(`more than ${allElements} elements`);
  }

  #tooMany(what: string): never {
    throw new SpikeError("api_bad_request", `${this.what} has ${what}`);
  }

  #string(): string {
    const start = this.#at;
    const long = this.#longString(start);
    if (long !== undefined) return long;
    let hasEscape = false;
    for (let at = start + 1; at < this.text.length; at++) {
      const unit = this.text.charCodeAt(at);
      if (unit === QUOTE) {
        this.#at = at + 1;
        return hasEscape ? this.#unescape(start, at + 1) : this.text.slice(start + 1, at);
      }
      if (unit < 0x20) throw this.#malformed(at);
      if (unit === BACKSLASH) {
        hasEscape = true;
        at++;
      }
    }
    throw this.#malformed(this.text.length);
  }

  /** For long strings the built-in parser is five times as fast as this one. */
  #longString(start: number): string | undefined {
    const end = this.text.indexOf('"', start + 1);
    if (end - start < LONG || this.text.charCodeAt(end - 1) === BACKSLASH) return undefined;
    let value: string;
    try {
      value = String(JSON.parse(this.text.slice(start, end + 1)));
    } catch {
      // The slow path finds the position of the fault.
      return undefined;
    }
    this.#at = end + 1;
    return this.#wellFormed(value, start);
  }

  #unescape(start: number, end: number): string {
    let value: string;
    try {
      value = String(JSON.parse(this.text.slice(start, end)));
    } catch {
      throw this.#malformed(start);
    }
    return this.#wellFormed(value, start);
  }

  #wellFormed(value: string, start: number): string {
    if (value.isWellFormed()) return value;
    throw this.#malformed(start, "not valid, it has a lone surrogate in the text");
  }

  #number(): number | NumberText {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.text);
    if (match === null) throw this.#malformed(this.#at);
    this.#at = NUMBER.lastIndex;
    const value = Number(match[0]);
    const isWhole = match[1] === undefined && match[2] === undefined;
    return isWhole && Number.isSafeInteger(value) ? value : new NumberText(match[0]);
  }

  #literal(): null | boolean {
    const found = LITERALS.find(([word]) => this.text.startsWith(word, this.#at));
    if (found === undefined) throw this.#malformed(this.#at);
    this.#at += found[0].length;
    return found[1];
  }

  #take(character: string): boolean {
    if (this.text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipBlank(): void {
    const unit = this.text.charCodeAt(this.#at);
    if (unit > 0x20) return;
    BLANK.lastIndex = this.#at;
    BLANK.exec(this.text);
    this.#at = BLANK.lastIndex;
  }

  #malformed(position: number, why = "not valid JSON"): SpikeError {
    const place = `at character ${position}`;
    return new SpikeError("api_bad_request", `${this.what} is ${why} ${place}`);
  }
}
