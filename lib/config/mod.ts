/**
 * Settings: one table from which parsing, flags, provenance and the documentation are generated.
 *
 * It never falls back silently: an invalid value is an error that names the setting. Pure except for `read_file.ts` and
 * `environment.ts`; the environment is a parameter. Start reading at `table.ts`, then `resolve.ts`.
 *
 * @module
 */
export { settingsTable } from "./documentation.ts";
export { parseFlags, type RoleArguments, type RoleFlag, roleFlags } from "./flags.ts";
export { serverHelp } from "./help.ts";
export { readSettingsFile } from "./read_file.ts";
export { peekSetting } from "./peek.ts";
export { explainSettings, loadSettings, type SettingOrigin, type SettingsRequest } from "./load.ts";
export type { ListenAddress } from "./place_kind.ts";
export { isSettingsRole, ROLES, type SettingsRole } from "./setting.ts";
export type {
  BootstrapSettings,
  CallTimeouts,
  CommonSettings,
  HealthListen,
  JwtSettings,
  KeeperSettings,
  NexusSettings,
  PilotSettings,
  RoleSettings,
  ShardSettings,
  SvidFiles,
} from "./settings.ts";
export type { SettingsFile } from "./file.ts";
export type { Kind, Refusal, UserEnvironment } from "./kind.ts";
export type { SinkSetting } from "./place_kind.ts";
export type { SettingSources } from "./resolve.ts";
export type { Setting, Variable } from "./setting.ts";
// Types of other folders that the signatures above mention.
export type { Scheme } from "../shamir/scheme.ts";
export type * from "../error/error.ts";
export type * from "../spiffe/id.ts";
export type { TrustRoots } from "../spiffe/role.ts";
