/**
 * One schema of all settings: a table from which parsing, flags, provenance and the documentation come.
 * Pure but for `read_file.ts`: the environment comes in as a parameter. Start reading at `table.ts`.
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
