import { makeOwnDirectory } from "../../lib/file/own_place.ts";
import { exists, ownDirectory } from "./file.ts";

/** Longer ones leave too little of a socket's path. */
const LONGEST = 60;

/**
 * A short directory of this user alone, shared by all its systems: for locks on ports and for sockets that do
 * not fit below their own directory.
 */
export async function openRuntimeBase(env: Readonly<Record<string, string>>): Promise<string> {
  const given = env["XDG_RUNTIME_DIR"] ?? "";
  const isUsable = given.startsWith("/") && given.length <= LONGEST && await exists(given);
  const base = isUsable ? `${given}/spike-dev` : `/tmp/spike-dev-${Deno.uid() ?? 0}`;
  makeOwnDirectory(base);
  await ownDirectory(base);
  return base;
}
