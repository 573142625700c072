import { SpikeError } from "../../../lib/error/error.ts";
import type { Copier } from "../../../lib/backup/copier.ts";
import type { Copied, CopyRequest } from "../../../lib/backup/os_copy.ts";
import { startConfined } from "../../../lib/process/mod.ts";
import { translate } from "../../../lib/store/sqlite_error.ts";
import { COPIER_ENTRY, COPIER_MODULES } from "./copier_modules.ts";

type Answer =
  | { readonly released: true }
  | { readonly copied: Copied }
  | {
    readonly failed: {
      readonly message: string;
      readonly code: unknown;
      readonly errcode: unknown;
    };
  };

/** Makes a copier for databases in a directory; each copy has a thread of its own, for as long as it takes. */
export function createCopier(directory: string): Copier {
  return (request, { onReleased, stopping }) =>
    new Promise((resolve, reject) => {
      const thread = startConfined({
        entry: COPIER_ENTRY,
        name: "copy",
        permissions: { read: [directory, ...COPIER_MODULES], write: [directory] },
      });
      const settle = (work: () => void) => {
        stopping.removeEventListener("abort", stop);
        thread.terminate();
        work();
      };
      thread.onmessage = ({ data }: MessageEvent<Answer>) => {
        if ("released" in data) return onReleased();
        settle(() =>
          "copied" in data ? resolve(data.copied) : reject(explain(data.failed, request))
        );
      };
      thread.onerror = (event) => {
        event.preventDefault();
        settle(() => reject(notCopied(event.message)));
      };
      const stop = () => settle(() => reject(notCopied("Nexus stops")));
      stopping.addEventListener("abort", stop, { once: true });
      if (stopping.aborted) stop();
      thread.postMessage(request);
    });
}

function explain(
  { message, code, errcode }: { message: string; code: unknown; errcode: unknown },
  { source }: CopyRequest,
): unknown {
  const cause = Object.assign(new Error(message), { code, errcode });
  const translated = translate(cause, source);
  return translated === cause ? notCopied(message) : translated;
}

function notCopied(reason: string): SpikeError {
  return new SpikeError("store_failure", `The database could not be copied: ${reason}`, {
    hint: "Check the log of Nexus and the disk of its data directory",
  });
}
