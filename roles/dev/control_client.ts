import { SpikeError } from "../../lib/error/error.ts";
import { fromPlainFailure } from "../../lib/process/plain_failure.ts";
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
    throw new SpikeError(
      "state_not_ready",
      `The development system in ${dir} stopped in the meantime`,
    );
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
  const control = controlIn(text, `${dir}/supervisor.json`);
  try {
    return await Deno.connect({ transport: "unix", path: control });
  } catch (error) {
    const isGone = error instanceof Deno.errors.ConnectionRefused ||
      error instanceof Deno.errors.NotFound;
    if (!isGone) throw error;
    throw notRunning(dir);
  }
}

/** Where the supervisor listens, by the file that it wrote. */
function controlIn(text: string, path: string): string {
  try {
    const { control }: Partial<SupervisorFile> = Object(JSON.parse(text));
    if (typeof control === "string") return control;
  } catch {
    // The error below names the file.
  }
  throw new SpikeError("data_invalid_input", `File ${path} was not written by a supervisor`, {
    hint: "Remove it and start the system again",
  });
}

function notRunning(dir: string): SpikeError {
  return new SpikeError("state_not_ready", `No development system runs in ${dir}`, {
    hint: `Start one: ${programName()} dev --dir ${shellQuote(dir)}`,
  });
}
