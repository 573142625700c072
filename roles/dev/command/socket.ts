import { askSupervisor } from "../control_client.ts";
import type { CommandContext } from "../command_context.ts";
import { directoryOf, durationFlag, noWords, parseOptions, required } from "../options.ts";
import { sayLines } from "../../../lib/process/prepare.ts";

/** `spike dev socket`: a Workload API of one identity; its address alone goes to standard output. */
export async function socket({ args, env }: CommandContext): Promise<number> {
  const given = noWords(parseOptions(args, { flags: ["dir", "id", "ttl"] }));
  const id = required(given, "id", "spiffe://spike.ist/app/web");
  const ttlMs = durationFlag(given, "ttl");
  const request = { id, ...(ttlMs === undefined ? {} : { ttlMs }) };
  const { address } = await askSupervisor(directoryOf(given, env), "socket", request);
  sayLines(address);
  return 0;
}
