import { askSupervisor } from "../control_client.ts";
import type { CommandContext } from "../command_context.ts";
import { directoryOf, durationFlag, parseOptions } from "../options.ts";
import { processName } from "./kill.ts";
import { sayOnStderr } from "../say.ts";

const TIMEOUT_MS = 30_000;

/** `spike dev start NAME`: returns when the process is ready, and fails when it is not. */
export async function start({ args, env }: CommandContext): Promise<number> {
  const given = parseOptions(args, { flags: ["dir", "timeout"] });
  const name = processName(given, "start");
  const timeoutMs = durationFlag(given, "timeout") ?? TIMEOUT_MS;
  const { tookMs } = await askSupervisor(directoryOf(given, env), "start", { name, timeoutMs });
  sayOnStderr(`${name} is ready after ${tookMs} ms`);
  return 0;
}
