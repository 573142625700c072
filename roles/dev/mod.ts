/**
 * `spike dev`: a whole system on one machine, for development only. A supervisor with an embedded SPIFFE
 * authority starts the real roles as processes; commands talk to it over a socket. Nothing here is a security
 * boundary. Start reading at `command/up.ts` and `system.ts`.
 *
 * @module
 */
import { exitCodeOf } from "../../lib/error/error.ts";
import { requireUtf8 } from "../../lib/input/utf8.ts";
import { plainFailure } from "../../lib/process/plain_failure.ts";
import { reportFailure, sayLines } from "../../lib/process/prepare.ts";
import type { Command } from "./command_context.ts";
import { type Self, thisProgram } from "./self.ts";

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  svid: async () => (await import("./command/svid.ts")).svid,
  token: async () => (await import("./command/token.ts")).token,
  socket: async () => (await import("./command/socket.ts")).socket,
  kill: async () => (await import("./command/kill.ts")).kill,
  identity: async () => (await import("./command/identity.ts")).identity,
  authority: async () => (await import("./command/authority.ts")).authority,
  start: async () => (await import("./command/start.ts")).start,
};

/** Runs `spike dev …` and answers the exit code; `self` is how to run this program, found out by default. */
export async function runDev(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  self?: Self,
): Promise<number> {
  const [name = "", ...rest] = args;
  try {
    requireUtf8(args, 2);
    if (args.includes("--help") || args.includes("-h") || name === "help") {
      sayLines(...(await import("./help.ts")).HELP.trimEnd().split("\n"));
      return 0;
    }
    const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    const command = load ? await load() : (await import("./command/up.ts")).up;
    return await command({ args: load ? rest : args, env, self: () => self ?? thisProgram() });
  } catch (error) {
    const failure = plainFailure(error);
    reportFailure(failure);
    return exitCodeOf(failure.code);
  }
}
