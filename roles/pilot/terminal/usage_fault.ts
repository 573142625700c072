import type { Command, CommanderError } from "commander";

/** What commander has found wrong with a command, or that its help was printed. */
export class UsageFault extends Error {
  override readonly name = "UsageFault";

  /** `command` is its full name, as it is typed. */
  constructor(readonly found: CommanderError, readonly command: string) {
    super(found.message, { cause: found });
  }
}

/** Has this command and all below it throw faults that name them, instead of ending the process. */
export function throwFaults(command: Command, name = command.name()): void {
  command.exitOverride((found) => {
    throw new UsageFault(found, name);
  });
  for (const child of command.commands) throwFaults(child, `${name} ${child.name()}`);
}
