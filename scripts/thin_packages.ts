import { join } from "node:path";

/** Files of packages that no program loads: declarations of types, source maps and prose, licences excepted. */
const UNUSED = /\.(d\.[cm]?ts|map|md|markdown)$/i;
/** And in a package's folder `src` what it was written in, beside what it was built to. */
const UNUSED_SOURCE = /\.([cm]?ts|map|md|markdown)$/i;

/** Removes what no program loads from a directory of packages; answers the number of bytes. */
export async function thinPackages(directory: string, isSource = false): Promise<number> {
  const unused = isSource ? UNUSED_SOURCE : UNUSED;
  let bytes = 0;
  for await (const entry of Deno.readDir(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory) {
      bytes += await thinPackages(path, isSource || entry.name === "src");
    } else if (unused.test(entry.name) && !/^licen[cs]e/i.test(entry.name)) {
      bytes += (await Deno.stat(path)).size;
      await Deno.remove(path);
    }
  }
  return bytes;
}
