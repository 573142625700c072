import { fileURLToPath } from "node:url";

/** How this very program is run again. */
export interface Self {
  readonly command: string;
  /** What comes before the role's name. */
  readonly args: readonly string[];
}

/**
 * Finds out how this process was started: the compiled binary is run as it is, a checkout with the flags that
 * `scripts/spike` uses.
 */
export function thisProgram(): Self {
  const command = Deno.execPath();
  if (Deno.build.standalone) return { command, args: [] };
  const main = fileURLToPath(Deno.mainModule);
  const root = main.slice(0, main.lastIndexOf("/"));
  return fromCheckout(command, root, main, Deno.readTextFileSync(`${root}/scripts/flags`));
}

/** Runs `main` of the checkout at `root`; `flags` is the text of `scripts/flags`, one a line. */
export function fromCheckout(command: string, root: string, main: string, flags: string): Self {
  const permissions = flags.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return {
    command,
    args: ["run", "--quiet", "--config", `${root}/deno.json`, ...permissions, main],
  };
}
