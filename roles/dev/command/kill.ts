import { SpikeError } from "../../../lib/error/error.ts";
import { askSupervisor } from "../control_client.ts";
import type { CommandContext } from "../command_context.ts";
import { directoryOf, type Given, parseOptions } from "../options.ts";
import { programName } from "../self.ts";
import { sayOnStderr } from "../say.ts";

/** `spike dev kill NAME`: SIGKILL; the process then stays down until it is started. */
export async function kill({ args, env }: CommandContext): Promise<number> {
  const given = parseOptions(args, { flags: ["dir"] });
  const name = processName(given, "kill");
  const { wasRunning } = await askSupervisor(directoryOf(given, env), "kill", { name });
  sayOnStderr(wasRunning ? `Killed ${name}` : `${name} was not running`);
  return 0;
}

/** The one word of a command that is about one process. */
export function processName({ words }: Given, command: string): string {
  const [name, ...more] = words;
  if (name !== undefined && more.length === 0) return name;
  throw new SpikeError(
    "usage",
    `spike dev ${command} was given ${words.length} names, expected one`,
    { hint: `For example: ${programName()} dev ${command} nexus` },
  );
}
