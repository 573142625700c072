/**
 * Enforces the direction of imports: `roles -> lib`, never between roles, never `lib -> roles`,
 * and nothing of the runtime inside the pure folders. Part of `deno task check`.
 */
import { dirname, join, normalize, relative } from "node:path";

const PURE = ["lib/policy/", "lib/shamir/", "lib/audit/", "lib/seal/", "lib/recovery/"];
/** What touches the operating system or the clock for a pure folder lives in files named so. */
const PURE_EXCEPTIONS = /(_test\.ts|\/(os_|locked_memory)[a-z_]*\.ts)$/;
const RUNTIME =
  /\bDeno\.|\bfrom "node:|\bimport\("node:|Date\.now\(|new Date\(\)|performance\.now\(|Math\.random\(|crypto\.getRandomValues\(|\bfetch\(/;
const root = normalize(join(import.meta.dirname ?? ".", ".."));

function* sources(dir: string): Generator<string> {
  for (const entry of Deno.readDirSync(join(root, dir))) {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

function roleOf(path: string): string | undefined {
  return /^roles\/([^/]+)\//.exec(path)?.[1];
}

/** Why `file` may not import `target` (both relative to the root), or undefined when it may. */
export function forbidden(file: string, target: string): string | undefined {
  const isTest = /_test\.ts$/.test(file);
  if (file.startsWith("lib/") && /^(roles|scripts|tests)\//.test(target) && !isTest) {
    return "lib imports nothing above it";
  }
  const from = roleOf(file);
  const to = roleOf(target);
  if (from && to && from !== to) return "a role never imports another role";
  if (from && /^(tests|scripts)\//.test(target) && !isTest) return "a role imports only lib";
  return undefined;
}

function check(file: string): string[] {
  const text = Deno.readTextFileSync(join(root, file));
  const complaints: string[] = [];
  for (const m of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
    const target = relative(root, normalize(join(root, dirname(file), m[1] ?? "")));
    const why = forbidden(file, target);
    if (why) complaints.push(`${file}: imports ${target}: ${why}`);
  }
  if (PURE.some((dir) => file.startsWith(dir)) && !PURE_EXCEPTIONS.test(file)) {
    const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
    const m = RUNTIME.exec(code);
    if (m) {
      complaints.push(`${file}: ${m[0]}: pure code takes time, randomness and I/O as parameters`);
    }
  }
  return complaints;
}

if (import.meta.main) {
  const complaints = ["lib", "roles"].flatMap((dir) => [...sources(dir)]).flatMap(check);
  for (const line of complaints) console.error(line);
  if (complaints.length > 0) Deno.exit(1);
}
