import { VERSION } from "../../../lib/version.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, printAs } from "../terminal/format.ts";

/** `spike version`. */
export async function version(deps: PilotDeps, format: Format): Promise<void> {
  await printAs(deps, format, {
    data: () => ({ version: VERSION }),
    lines: () => [`spike ${VERSION}`],
  });
}
