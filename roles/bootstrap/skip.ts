import type { BootstrapSettings } from "../../lib/config/mod.ts";

/**
 * Why there is nothing to do, in words for the caller; undefined when there is. Bootstrap skips a lite backend as
 * the original's does, so that whoever runs it so today sees no change; such a Nexus still needs its root key, made
 * by a Bootstrap that is not told of the backend.
 */
export function reasonToSkip(
  { backend, completed, force }: Pick<BootstrapSettings, "backend" | "completed" | "force">,
): string | undefined {
  if (backend === "memory") return "Nothing to do: Nexus with backend memory creates its own key";
  if (backend === "lite") {
    return "Nothing was done: backend lite is not bootstrapped under its name. " +
      "Such a Nexus needs a root key all the same: " +
      "unset SPIKE_NEXUS_BACKEND_STORE for Bootstrap alone, or run it with --backend sqlite";
  }
  if (completed && !force) return "Nothing to do: SPIKE_BOOTSTRAP_COMPLETED is true";
  return undefined;
}
