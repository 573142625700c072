import type { ThreadReport } from "../telemetry/own.ts";
import type { PlainFailure } from "./plain_failure.ts";

/** Messages from the main thread to a confined thread; `data` depends on the role. */
export type ToThread<T> =
  | { readonly kind: "start"; readonly data: T }
  | { readonly kind: "inspect" }
  /** Reopen files that may have been rotated, such as those of a log. */
  | { readonly kind: "reopen" }
  | { readonly kind: "stop" };

/** Messages from a confined thread to its main thread. */
export type FromThread =
  | { readonly kind: "loaded" }
  | { readonly kind: "inspected"; readonly report: ThreadReport }
  | { readonly kind: "stopped"; readonly code: number }
  | { readonly kind: "failed"; readonly failure: PlainFailure };
