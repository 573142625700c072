import type { Copied, CopyRequest } from "./os_copy.ts";

/** How one copy is watched. */
export interface CopyWatch {
  /** Called when the database is not in use any more. */
  readonly onReleased: () => void;
  /** Ends the copy; what was written of it stays. */
  readonly stopping: AbortSignal;
}

/** Copies a database while it is in use. */
export type Copier = (request: CopyRequest, watch: CopyWatch) => Promise<Copied>;
