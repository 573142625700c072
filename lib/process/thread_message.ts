import type { ThreadReport } from "../telemetry/own.ts";
import type { PlainFailure } from "./plain_failure.ts";

/** What the main thread tells a confined thread; `data` is the role's own. */
export type ToThread<T> =
  | { readonly kind: "start"; readonly data: T }
  | { readonly kind: "inspect" }
  /** Open anew what somebody else may have moved away, such as files of a log. */
  | { readonly kind: "reopen" }
  | { readonly kind: "stop" };

/** What a confined thread tells its main thread. */
export type FromThread =
  | { readonly kind: "loaded" }
  | { readonly kind: "inspected"; readonly report: ThreadReport }
  | { readonly kind: "stopped"; readonly code: number }
  | { readonly kind: "failed"; readonly failure: PlainFailure };
