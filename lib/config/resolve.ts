import { looksLikeKey, quoteValue } from "../text/quote.ts";
import { type Kind, Refusal, type UserEnvironment } from "./kind.ts";
import type { Setting, SettingsRole } from "./setting.ts";

/** Sources of settings. Flags override the environment, which overrides the file, which overrides the default. */
export interface SettingSources {
  /** Environment variables by name. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By setting name, without dashes in front. */
  readonly flags?: Readonly<Record<string, string>>;
  /** A settings file already read: values by setting name. */
  readonly file?: { readonly path: string; readonly values: Readonly<Record<string, string>> };
}

/** The effective value of one setting. */
export interface Resolved<T> {
  readonly value: T;
  /** A flag, variables, a file, or `default`. */
  readonly origin: string;
}

interface Candidate<T> {
  readonly origin: string;
  readonly given: string;
  readonly kind: Kind<T>;
}

/** The part of the environment that parsers use. */
export function placeOf(env: SettingSources["env"]): UserEnvironment {
  const home = env["HOME"] ?? "";
  // A relative path would depend on the working directory.
  return { homeDir: home.startsWith("/") ? home : undefined };
}

/** A text for messages: a password in a URL is masked, a long text is cut. */
function shown(given: string): string {
  const masked = given.replace(/\/\/[^/@]*@/g, "//***@");
  if (looksLikeKey(masked)) return quoteValue(masked);
  return quoteValue(masked.length > 200 ? `${masked.slice(0, 200)}…` : masked);
}

/** The candidates of the first source that sets the setting; an empty variable counts as not set. */
function candidatesOf<T>(setting: Setting<T>, sources: SettingSources): Candidate<T>[] {
  const flag = sources.flags?.[setting.name];
  if (flag !== undefined) {
    return [{ origin: `--${setting.name}`, given: flag, kind: setting.kind }];
  }
  const variables = setting.variables.flatMap(({ name, kind }) => {
    const given = sources.env[name];
    return given === undefined || given === "" ? [] : [{ origin: name, given, kind }];
  });
  if (variables.length > 0) return variables;
  const fromFile = sources.file?.values[setting.name];
  if (fromFile === undefined) return [];
  const origin = `${setting.name} in ${sources.file?.path ?? "the file"}`;
  return [{ origin, given: fromFile, kind: setting.kind }];
}

/**
 * Reads settings of one role and collects all problems, so that one run reports all of them.
 *
 * Lifecycle: `get` and `complain` as often as needed, then `problems` once.
 */
export class Resolver {
  readonly problems: string[] = [];
  readonly resolved: Map<string, Resolved<unknown>> = new Map();
  readonly #unsound = new Set<string>();
  readonly #place: UserEnvironment;

  constructor(readonly role: SettingsRole, readonly sources: SettingSources) {
    this.#place = placeOf(sources.env);
  }

  /** The value of a setting. An invalid value adds a problem and returns the default. */
  get<T>(setting: Setting<T>): T {
    if (!setting.roles.includes(this.role)) {
      throw new Error(
        `role ${this.role} reads ${setting.name}, but the table does not list that role`,
      );
    }
    const fallback = setting.fallback(this.role, this.#place);
    const known = this.#parse(setting);
    this.resolved.set(setting.name, known ?? { value: fallback, origin: "default" });
    return known === undefined ? fallback : known.value;
  }

  /** Whether the default is effective for a setting that was read. */
  isDefault({ name }: { readonly name: string }): boolean {
    return this.resolved.get(name)?.origin === "default";
  }

  /** Whether all of these are valid, so that a rule that combines them can be checked. */
  isSound(...settings: readonly { readonly name: string }[]): boolean {
    return settings.every(({ name }) => !this.#unsound.has(name));
  }

  complain(problem: string): void {
    this.problems.push(problem);
  }

  #parse<T>(setting: Setting<T>): Resolved<T> | undefined {
    const good: (Resolved<T> & { given: string })[] = [];
    for (const { origin, given, kind } of candidatesOf(setting, this.sources)) {
      const value = kind.parse(given, this.#place);
      if (value instanceof Refusal) {
        this.#refuse(setting, `${origin} is ${shown(given)}, expected ${value.expected}`);
      } else {
        good.push({ origin, given, value });
      }
    }
    const [first, ...others] = good;
    if (first === undefined) return undefined;
    const canonical = setting.kind.show(first.value);
    const different = others.find(({ value }) => setting.kind.show(value) !== canonical);
    if (different !== undefined) {
      this.#refuse(
        setting,
        `${first.origin} is ${shown(first.given)} and ${different.origin} is ` +
          `${shown(different.given)}, expected the same meaning or only one of them`,
      );
    }
    return { value: first.value, origin: good.map(({ origin }) => origin).join(", ") };
  }

  #refuse(setting: { readonly name: string }, problem: string): void {
    this.#unsound.add(setting.name);
    this.problems.push(problem);
  }
}
