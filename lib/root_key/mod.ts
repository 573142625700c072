/**
 * The life of the root key in a running Nexus: where it comes from, who holds its shards, how shards and
 * key-encryption keys are replaced, and when everything is dropped. The root key never leaves this folder except as
 * shards to keepers and to operators with the recover role, and is never written to disk.
 *
 * Start reading at `state.ts`, the pure state machine; `key_control.ts` carries out what it decides, `keeper_sync.ts`
 * and `watch.ts` work with the keepers, `restore.ts` and `shard_change.ts` with operators.
 *
 * @module
 */
export { KekRotation, type KekRotationOptions } from "./kek_rotation.ts";
export { KeeperSync, type KeeperSyncOptions } from "./keeper_sync.ts";
export { KeyControl, type KeyControlOptions } from "./key_control.ts";
export { KeyMemory, type KeyMemoryOptions } from "./key_memory.ts";
export {
  createRecoveryPort,
  exportStatus,
  type ManifestAnswer,
  type RecoveryPort,
  type RecoveryPortOptions,
} from "./recovery_port.ts";
export {
  type Recognised,
  RestoreCollection,
  type RestoreOptions,
  type RestoreProgress,
} from "./restore.ts";
export {
  type ChangeKind,
  type ChangeOutcome,
  type ChangeRequest,
  type ChangeStep,
  ShardChange,
  type ShardChangeOptions,
  type SuccessorPlan,
} from "./shard_change.ts";
export {
  follow,
  heldSet,
  mayStandBack,
  type ReadyState,
  type RootKeyEvent,
  type RootKeyState,
  WAITING,
} from "./state.ts";
export type { Successor } from "./successor.ts";
export { watchKeepers, type WatchOptions } from "./watch.ts";
export { judgeState, type WatchedState, watchState } from "./watch_state.ts";
export { createWritersOnDemand, type Writers } from "./writers.ts";
