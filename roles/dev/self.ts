import { basename, dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { shellQuote } from "./env_file.ts";

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

/** What a person types to run this program again from where they are, for lines that tell how. */
export function programName(): string {
  if (Deno.build.standalone) return shellQuote(basename(Deno.execPath()));
  return starterSeenFrom(Deno.cwd(), dirname(fileURLToPath(Deno.mainModule)));
}

/** The starter of the checkout at `root` as a shell in `cwd` runs it. */
export function starterSeenFrom(cwd: string, root: string): string {
  const path = relative(cwd, `${root}/scripts/spike`);
  // Without a slash a shell would look for it on PATH.
  return shellQuote(/^\.\.?\//.test(path) ? path : `./${path}`);
}
