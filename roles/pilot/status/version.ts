import { VERSION } from "../../../lib/version.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";

/** `spike version`. */
export async function version(deps: PilotIo, format: Format): Promise<void> {
  await printAs(deps, format, {
    data: () => ({ version: VERSION }),
    lines: () => [`spike ${VERSION}`],
  });
}
