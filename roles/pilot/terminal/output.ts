import { SpikeError } from "../../../lib/error/error.ts";
import { isPrintable, printableJson } from "../../../lib/text/printable.ts";
import type { PilotIo } from "../io.ts";
import { draftOutput, writeOutput } from "./private_file.ts";

/** Where output goes: absent for standard output, `-` for that even where it is a terminal. */
export type OutputName = string | undefined;

/** Whether an output's name stands for standard output, which this program cannot open by its path. */
function isStdout(out: OutputName): out is undefined | "-" | "/dev/stdout" {
  return out === undefined || out === "-" || out === "/dev/stdout";
}

/** @throws SpikeError `usage` before bytes that are not text would go to a terminal */
export function refuseTerminal(deps: PilotIo, out: OutputName): void {
  if (out !== undefined || !deps.isOutputTerminal) return;
  throw new SpikeError("usage", "The output is binary, and standard output is a terminal", {
    hint: "Pass --out FILE, or --out - to print it anyway",
  });
}

/**
 * Whether a value is looked at by a person: standard output is a terminal, and bytes were not asked for. There a value
 * is shown on one line, because it may hold what a terminal obeys.
 */
function isShown(deps: PilotIo, out: OutputName): boolean {
  return out === undefined && deps.isOutputTerminal;
}

const ESCAPED =
  "Note: non-printable characters are escaped; for the exact bytes use a pipe, --out FILE or --out -";

/** Writes output, to a file whole or not at all. @throws SpikeError `fs_file_open_failed` */
export async function writeTo(
  deps: PilotIo,
  out: OutputName,
  data: Uint8Array,
): Promise<void> {
  if (isStdout(out)) deps.stdout.write(data);
  else await writeOutput(out, data);
}

/** As {@linkcode writeTo}, of a value. */
export async function writeValue(
  deps: PilotIo,
  out: OutputName,
  value: Uint8Array,
): Promise<void> {
  if (!isShown(deps, out)) return await writeTo(deps, out, value);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(value);
  deps.stdout.print(text);
  if (!isPrintable(text)) deps.stderr.print(ESCAPED);
}

/** Writes one record of JSON on a line of its own: exactly, or as the same JSON in characters that print. */
export function writeRecord(deps: PilotIo, record: Uint8Array): void {
  const encoder = new TextEncoder();
  const shown = deps.isOutputTerminal
    ? encoder.encode(printableJson(new TextDecoder().decode(record)))
    : record;
  deps.stdout.write(shown);
  deps.stdout.write(encoder.encode("\n"));
}

/**
 * Writes output as it comes about: to a file whole or not at all; to standard output piece by piece, and what was
 * written there counts only if this does not fail.
 *
 * @throws SpikeError `fs_file_open_failed`, and whatever `data` fails with
 */
export async function streamTo(
  deps: PilotIo,
  out: OutputName,
  data: AsyncIterable<Uint8Array>,
): Promise<void> {
  if (isShown(deps, out)) return await showStream(deps, data);
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

/** What comes about piece by piece, on one line of a terminal. */
async function showStream(deps: PilotIo, data: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let isExact = true;
  const show = (text: string) => {
    isExact &&= isPrintable(text);
    deps.stdout.prompt(text);
  };
  for await (const piece of data) show(decoder.decode(piece, { stream: true }));
  show(decoder.decode());
  deps.stdout.print("");
  if (!isExact) deps.stderr.print(ESCAPED);
}
