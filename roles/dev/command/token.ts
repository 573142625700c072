import { askSupervisor } from "../control_client.ts";
import type { CommandContext } from "../command_context.ts";
import { directoryOf, durationFlag, noWords, parseOptions, required } from "../options.ts";
import { sayLines } from "../../../lib/process/prepare.ts";

/** `spike dev token`: a JWT-SVID of any ID; the token alone goes to standard output. */
export async function token({ args, env }: CommandContext): Promise<number> {
  const given = noWords(parseOptions(args, { flags: ["dir", "id", "audience", "ttl"] }));
  const id = required(given, "id", "spiffe://spike.ist/app/web");
  const audience = required(given, "audience", "spiffe://spike.ist/spike/nexus").split(",");
  const ttlMs = durationFlag(given, "ttl");
  const request = { id, audience, ...(ttlMs === undefined ? {} : { ttlMs }) };
  const answer = await askSupervisor(directoryOf(given, env), "token", request);
  sayLines(answer.token);
  return 0;
}
