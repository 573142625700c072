import { join } from "node:path";

/** Files of packages that no program loads: declarations of types, source maps and prose, licences excepted. */
const UNUSED = /\.(d\.[cm]?ts|map|md|markdown)$/i;
/** And in a package's folder `src` what it was written in, beside what it was built to. */
const UNUSED_SOURCE = /\.([cm]?ts|map|md|markdown)$/i;
/** What is there once more for browsers and script tags. */
const OTHER_BUILD = /\.(umd|min)\.[cm]?js$/i;

/** Packages that only this program's own modules import: nobody loads what they have for `require`. */
const IMPORTED = ["@bufbuild/protobuf", "@logtape/logtape", "hono", "re2js", "valibot"];

/** Where in a package something lies. */
interface Place {
  readonly isSource: boolean;
  /** It is in a package that is imported and never required. */
  readonly isModule: boolean;
}

/** Removes what no program loads from a directory of packages; answers the number of bytes. */
export async function thinPackages(
  directory: string,
  place: Place = { isSource: false, isModule: false },
): Promise<number> {
  const entries = await Array.fromAsync(Deno.readDir(directory));
  const names = new Set(entries.map(({ name }) => name));
  const isModule = place.isModule || IMPORTED.some((name) => directory.endsWith(`/${name}`));
  let bytes = 0;
  for (const { name, isDirectory } of entries) {
    const path = join(directory, name);
    const here = { isSource: place.isSource || name === "src", isModule };
    if (isDirectory ? isOtherBuild(name, here) : isUnused(name, names, { ...place, isModule })) {
      bytes += await sizeOf(path);
      await Deno.remove(path, { recursive: true });
    } else if (isDirectory) bytes += await thinPackages(path, here);
  }
  return bytes;
}

function isOtherBuild(name: string, { isModule }: Place): boolean {
  return name === "browser" || (isModule && name === "cjs");
}

function isUnused(name: string, beside: ReadonlySet<string>, place: Place): boolean {
  if (/^licen[cs]e/i.test(name)) return false;
  const unused = place.isSource ? UNUSED_SOURCE : UNUSED;
  if (unused.test(name) || OTHER_BUILD.test(name)) return true;
  const stem = place.isModule ? /^(.*)\.cjs$/.exec(name)?.[1] : undefined;
  return stem !== undefined && (beside.has(`${stem}.mjs`) || beside.has(`${stem}.js`));
}

async function sizeOf(path: string): Promise<number> {
  const { isDirectory, size } = await Deno.stat(path);
  if (!isDirectory) return size;
  let bytes = 0;
  for await (const { name } of Deno.readDir(path)) bytes += await sizeOf(join(path, name));
  return bytes;
}
