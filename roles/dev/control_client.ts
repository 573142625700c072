import { SpikeError } from "../../lib/api/error.ts";
import { fromPlainFailure } from "../../lib/process/supervise.ts";
import {
  type ControlAnswer,
  type ControlName,
  readAll,
  type RequestOf,
  type ResultOf,
} from "./control.ts";
import { shellQuote } from "./env_file.ts";
import { onFiles, readIfThere } from "./file.ts";
import { programName } from "./self.ts";

/** What a supervisor writes down for commands. */
export interface SupervisorFile {
  readonly pid: number;
  readonly control: string;
}

/**
 * Asks the supervisor of the system in `dir`.
 *
 * @throws SpikeError `state_not_ready` when none runs there; what the supervisor answers otherwise
 */
export async function askSupervisor<C extends ControlName>(
  dir: string,
  command: C,
  request: RequestOf<C>,
): Promise<ResultOf<C>> {
  using connection = await connect(dir);
  const line = `${JSON.stringify({ command, request })}\n`;
  await connection.write(new TextEncoder().encode(line));
  const text = await readAll(connection);
  if (text === "") {
    throw new SpikeError("state_not_ready", `The development system in ${dir} ended meanwhile`);
  }
  const answer = JSON.parse(text) as ControlAnswer;
  if (!answer.ok) throw fromPlainFailure(answer.failure);
  return answer.result as ResultOf<C>;
}

async function connect(dir: string): Promise<Deno.Conn> {
  const text = await onFiles(
    "fs_file_open_failed",
    `Cannot use --dir ${dir}`,
    () => readIfThere(`${dir}/supervisor.json`),
  );
  if (text === undefined) throw notRunning(dir);
  const control = controlIn(text, dir);
  try {
    return await Deno.connect({ transport: "unix", path: control });
  } catch (error) {
    const isGone = error instanceof Deno.errors.ConnectionRefused ||
      error instanceof Deno.errors.NotFound;
    if (!isGone) throw error;
    throw notRunning(dir);
  }
}

/** What the parser says of a file that is not JSON would quote it. */
function controlIn(text: string, dir: string): string {
  try {
    const { control } = JSON.parse(text) as Partial<SupervisorFile>;
    if (typeof control === "string") return control;
  } catch {
    // What is no JSON names no socket either.
  }
  throw new SpikeError("fs_file_open_failed", `File ${dir}/supervisor.json names no socket`, {
    hint: "Stop the system in that directory, and start it again",
  });
}

function notRunning(dir: string): SpikeError {
  return new SpikeError("state_not_ready", `No development system runs in ${dir}`, {
    hint: `Start one: ${programName()} dev --dir ${shellQuote(dir)}`,
  });
}
