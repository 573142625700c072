/**
 * `deno run -A scripts/spire/up.ts DIR`: this project on a real SPIRE, to play with until Ctrl-C. DIR must be new, and
 * its path short: unix sockets lie in it.
 */
import { resolve } from "node:path";
import { IDENTITIES, type Name, System } from "./system.ts";

const say = (line: string) => console.error(line);
const [dir] = Deno.args;
if (dir === undefined) {
  say("usage: deno run -A scripts/spire/up.ts DIR");
  Deno.exit(1);
}
const stopped = Promise.withResolvers<void>();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => stopped.resolve());
}
await using system = await System.start({ dir: resolve(dir), say });
const exported = Object.entries(system.env).filter(([name]) => /^SPI(KE|FFE)_/.test(name));
const text = exported.map(([name, value]) => `export ${name}=${value}\n`).join("");
await Deno.writeTextFile(`${system.dir}/env`, text);
say(
  `SPIRE and SPIKE run. Who you are is the executable that you run, one of these in ${system.dir}/bin:`,
);
for (const [name, path] of Object.entries(IDENTITIES)) {
  if (system.entries.has(name as Name)) say(`  ${name.padEnd(10)} ${path}`);
}
say("In another terminal:");
say(`  scripts/spire/as ${system.dir} superuser secret put tenants/acme/db user=ada`);
await stopped.promise;
