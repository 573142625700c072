import { SpikeError } from "../error/error.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads members of a sealed plaintext in JSON. The bytes were authentic, so an unexpected member was written by another
 * version of this program or by a bug: every method throws `state_integrity_check` naming the member.
 *
 * @example
 * ```ts ignore
 * const policy = Members.read(plaintext, "Policy");
 * policy.format(1);
 * const name = policy.text("name");
 * ```
 */
export class Members {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #what: string;

  private constructor(value: unknown, what: string) {
    this.#value = Object(value);
    this.#what = what;
  }

  /**
   * Parses a plaintext. `what` is the first word of every error.
   *
   * @throws {SpikeError} state_integrity_check if it is not JSON
   */
  static read(plaintext: Uint8Array, what: string): Members {
    try {
      return new Members(JSON.parse(decoder.decode(plaintext)), what);
    } catch (cause) {
      throw new SpikeError("state_integrity_check", `${what} is not JSON`, { cause });
    }
  }

  /** The format number, from 1 to the newest one that the caller supports. */
  format(newest: number): number {
    const format = this.integer("format");
    if (format >= 1 && format <= newest) return format;
    const known = newest === 1 ? "1" : `1 to ${newest}`;
    throw new SpikeError(
      "state_integrity_check",
      `${this.#what} has format ${format}, this program knows ${known}`,
      { hint: "Run the version of spike that wrote it, or a newer one" },
    );
  }

  /** A safe integer. */
  integer(name: string): number {
    const found = this.#value[name];
    return typeof found === "number" && Number.isSafeInteger(found) ? found : this.refuse(name);
  }

  /** A string. */
  text(name: string): string {
    const found = this.#value[name];
    return typeof found === "string" ? found : this.refuse(name);
  }

  /** Bytes in base64 or hex. */
  bytes(name: string, alphabet: "base64" | "hex"): Uint8Array {
    const text = this.text(name);
    try {
      return alphabet === "hex" ? Uint8Array.fromHex(text) : Uint8Array.fromBase64(text);
    } catch {
      return this.refuse(name);
    }
  }

  /** A boolean. */
  boolean(name: string): boolean {
    const found = this.#value[name];
    return typeof found === "boolean" ? found : this.refuse(name);
  }

  /** Null, or the result of `read`. */
  nullable<T>(name: string, read: (name: string) => T): T | null {
    return this.#value[name] === null ? null : read(name);
  }

  /** An object. */
  object(name: string): Members {
    const found = this.#value[name];
    const isObject = typeof found === "object" && found !== null;
    return isObject ? new Members(found, this.#what) : this.refuse(name);
  }

  /** An array of objects. */
  list(name: string): Members[] {
    return this.#array(name).map((value) => new Members(value, this.#what));
  }

  /** An array of strings. */
  texts(name: string): string[] {
    return this.#array(name).map((text) => typeof text === "string" ? text : this.refuse(name));
  }

  /** The names of all members. */
  get names(): string[] {
    return Object.keys(this.#value);
  }

  /** Throws for a member with an invalid value. */
  refuse(name: string): never {
    throw new SpikeError("state_integrity_check", `${this.#what} has no usable member ${name}`);
  }

  #array(name: string): readonly unknown[] {
    const found = this.#value[name];
    return Array.isArray(found) ? found : this.refuse(name);
  }
}
