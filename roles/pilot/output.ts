import { SpikeError } from "../../lib/api/error.ts";
import type { PilotDeps } from "./deps.ts";
import { draftOutput, writeOutput } from "./private_file.ts";

/** Where output goes: absent for standard output, `-` for that even where it is a terminal. */
export type OutputName = string | undefined;

/** Whether an output's name stands for standard output, which this program cannot open by its path. */
function isStdout(out: OutputName): out is undefined | "-" | "/dev/stdout" {
  return out === undefined || out === "-" || out === "/dev/stdout";
}

/** @throws SpikeError `usage` before bytes that are no text would go to a terminal */
export function refuseTerminal(deps: PilotDeps, out: OutputName): void {
  if (out !== undefined || !deps.isOutputTerminal) return;
  throw new SpikeError("usage", "The output is binary, and standard output is a terminal", {
    hint: "Give --out FILE, or --out - to print it all the same",
  });
}

/** Writes output, to a file whole or not at all. @throws SpikeError `fs_file_open_failed` */
export async function writeTo(
  deps: PilotDeps,
  out: OutputName,
  data: Uint8Array,
): Promise<void> {
  if (isStdout(out)) deps.stdout.write(data);
  else await writeOutput(out, data);
}

/**
 * Writes output as it comes about: to a file whole or not at all; to standard output piece by piece, and what was
 * written there counts only if this does not fail.
 *
 * @throws SpikeError `fs_file_open_failed`, and whatever `data` fails with
 */
export async function streamTo(
  deps: PilotDeps,
  out: OutputName,
  data: AsyncIterable<Uint8Array>,
): Promise<void> {
  if (isStdout(out)) {
    for await (const piece of data) deps.stdout.write(piece);
    return;
  }
  const draft = await draftOutput(out);
  try {
    for await (const piece of data) await draft.write(piece);
  } catch (error) {
    await draft.discard();
    throw error;
  }
  await draft.keep();
}
