import { join } from "node:path";

/** Files of packages that no program loads: declarations of types, source maps and prose, licences excepted. */
const UNUSED = /\.(d\.[cm]?ts|map|md|markdown)$/i;

/** Removes what no program loads from a directory of packages; answers the number of bytes. */
export async function thinPackages(directory: string): Promise<number> {
  let bytes = 0;
  for await (const entry of Deno.readDir(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory) bytes += await thinPackages(path);
    else if (UNUSED.test(entry.name) && !/^licen[cs]e/i.test(entry.name)) {
      bytes += (await Deno.stat(path)).size;
      await Deno.remove(path);
    }
  }
  return bytes;
}
