import { resolve } from "node:path";
import { makeOwnDirectory } from "../../../lib/file/own_place.ts";
import { askSupervisor } from "../control_client.ts";
import { onFiles, replaceFile } from "../file.ts";
import type { CommandContext } from "../command_context.ts";
import { directoryOf, durationFlag, noWords, parseOptions, required } from "../options.ts";
import { sayOnStderr } from "../say.ts";

/** `spike dev svid`: writes an SVID of any ID as files, key and bundle first, for curl and other clients. */
export async function svid({ args, env }: CommandContext): Promise<number> {
  const given = noWords(
    parseOptions(args, { flags: ["dir", "id", "out", "ttl", "trust-domain"] }),
  );
  const id = required(given, "id", "spiffe://spike.ist/app/web");
  const out = resolve(required(given, "out", "./svid"));
  const ttlMs = durationFlag(given, "ttl");
  const signer = given.flags["trust-domain"];
  const files = await askSupervisor(directoryOf(given, env), "svid", {
    id,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...(signer === undefined ? {} : { signer }),
  });
  await onFiles("fs_file_open_failed", `Cannot write to --out ${out}`, async () => {
    makeOwnDirectory(out);
    await replaceFile(`${out}/key.pem`, files.privateKey);
    await replaceFile(`${out}/bundle.pem`, files.bundle);
    await replaceFile(`${out}/svid.pem`, files.certificates);
  });
  const until = new Date(files.notAfterMs).toISOString();
  sayOnStderr(`Wrote svid.pem, key.pem and bundle.pem to ${out}, valid until ${until}`);
  return 0;
}
