import type { Kind, UserEnvironment } from "./kind.ts";

/** The roles that read settings. */
export const ROLES = ["nexus", "keeper", "bootstrap", "pilot"] as const;

/** A role that reads settings. */
export type SettingsRole = typeof ROLES[number];

/** Whether a text names a role that reads settings. */
export function isSettingsRole(text: string): text is SettingsRole {
  return (ROLES as readonly string[]).includes(text);
}

/** An environment variable of a setting, with a parser of its own where its format differs. */
export interface Variable<T> {
  /** Name of the environment variable. */
  readonly name: string;
  /** How its text is read. */
  readonly kind: Kind<T>;
}

/** One line of the table of all settings. */
export interface Setting<T> {
  /** Kebab-case; `--name` is the flag of server roles and the key in a settings file. */
  readonly name: string;
  /** How its text is read and shown. */
  readonly kind: Kind<T>;
  /** All supported variables; where two are set, their values must agree. */
  readonly variables: readonly Variable<T>[];
  /** The default, where nothing is set. */
  readonly fallback: (role: SettingsRole, place: UserEnvironment) => T;
  /** The default in the documentation, where the value depends on the environment. */
  readonly fallbackText?: string;
  /** The roles that read the setting. */
  readonly roles: readonly SettingsRole[];
  /** One sentence for the documentation. */
  readonly meaning: string;
}

/** Input of {@linkcode setting}. */
export interface SettingText<T> {
  kind: Kind<T>;
  variables: readonly (string | Variable<T>)[];
  fallback: T | ((role: SettingsRole, place: UserEnvironment) => T);
  fallbackText?: string;
  roles?: readonly SettingsRole[];
  meaning: string;
}

/** Creates one line of the table; without `roles`, every role reads it. */
export function setting<T extends string | number | boolean | object | undefined>(
  name: string,
  line: SettingText<T>,
): Setting<T> {
  const { fallback, roles = ROLES, variables, ...rest } = line;
  return {
    ...rest,
    name,
    roles,
    variables: variables.map((variable) =>
      typeof variable === "string" ? { name: variable, kind: line.kind } : variable
    ),
    fallback: typeof fallback === "function"
      ? fallback as (role: SettingsRole, place: UserEnvironment) => T
      : () => fallback,
  };
}
