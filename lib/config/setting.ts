import type { Kind, UserEnvironment } from "./kind.ts";

/** The roles that read settings. */
export const ROLES = ["nexus", "keeper", "bootstrap", "pilot"] as const;

/** A role that reads settings. */
export type SettingsRole = typeof ROLES[number];

/** Whether a text names a role that reads settings. */
export function isSettingsRole(text: string): text is SettingsRole {
  return (ROLES as readonly string[]).includes(text);
}

/** A variable that sets something, with its own parser where it is spelled differently from the setting's. */
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
  /** Every variable understood; where two are set they must agree. */
  readonly variables: readonly Variable<T>[];
  /** The default, where nothing is set. */
  readonly fallback: (role: SettingsRole, place: UserEnvironment) => T;
  /** The default in the documentation, where the value itself depends on the place. */
  readonly fallbackText?: string;
  /** The roles that read the setting. */
  readonly roles: readonly SettingsRole[];
  /** One sentence for the documentation. */
  readonly meaning: string;
}

/** What a line of the table is written from. */
export interface SettingText<T> {
  kind: Kind<T>;
  variables: readonly (string | Variable<T>)[];
  fallback: T | ((role: SettingsRole, place: UserEnvironment) => T);
  fallbackText?: string;
  roles?: readonly SettingsRole[];
  meaning: string;
}

/** Makes one line of the table; without `roles`, every role reads it. */
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
