/**
 * Backups of a store: a copy of its database, a signed manifest that finds every changed byte of it, and the way back.
 * Nothing here holds a key that decrypts. Start reading at `manifest.ts` (what a backup states about itself),
 * `os_copy.ts` (how it is made while others write), `os_verify.ts` and `os_restore.ts`.
 *
 * @module
 */
export type { Contents, Counts, RecoverySet, StoreState } from "./contents.ts";
export { Digester, type FileDigest } from "./digest.ts";
export {
  type BackupManifest,
  MAX_MANIFEST_BYTES,
  type OpenedManifest,
  openManifest,
  signManifest,
} from "./manifest.ts";
export type { Copied, CopyRequest } from "./os_copy.ts";
export { findNewer, isLater, type NewerRequest } from "./os_newer.ts";
export { requireEmpty, restoreBackup, type RestoreRequest } from "./os_restore.ts";
export {
  BACKUP_MARK,
  decodeLastBackup,
  decodeRestored,
  encodeNote,
  type LastBackup,
  type Restored,
  RESTORED_FILE,
  RESTORED_MARK,
} from "./restored.ts";
export {
  type BackupFault,
  type BackupVerified,
  type Origin,
  verifyBackup,
  type VerifyRequest,
} from "./os_verify.ts";
