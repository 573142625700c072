import { SpikeError } from "../../lib/error/error.ts";
import { quoteValue } from "../../lib/text/quote.ts";
import { plainFailure } from "../../lib/process/mod.ts";
import type { ControlAnswer, ControlHandlers, ControlName, ControlRequest } from "./control.ts";
import { removeFile } from "./file.ts";

/** Answers commands on a unix socket in a directory of the owner alone; whoever can open it may ask. */
export async function serveControl(
  path: string,
  handlers: ControlHandlers,
): Promise<AsyncDisposable> {
  await removeFile(path);
  const listener = Deno.listen({ transport: "unix", path });
  const accepting = acceptAll(listener, handlers);
  return {
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await accepting;
      await removeFile(path);
    },
  };
}

/** How long it rests after it could take no connection, as when the process is out of file descriptors. */
const REST_MS = 100;
/** How long a command may take to ask. */
const PATIENCE_MS = 10_000;
/** Far longer than any command. */
const MOST_CHARACTERS = 65_536;

async function acceptAll(listener: Deno.Listener, handlers: ControlHandlers): Promise<void> {
  for (;;) {
    let connection: Deno.Conn;
    try {
      connection = await listener.accept();
    } catch (error) {
      if (isClosed(error)) return;
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      continue;
    }
    serveOne(connection, handlers).catch((error) => {
      if (!isHangUp(error)) throw error;
    });
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

/** The command was interrupted and does not wait for its answer any more; how that shows depends on the moment. */
function isHangUp(error: unknown): boolean {
  return isClosed(error) || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset;
}

async function serveOne(connection: Deno.Conn, handlers: ControlHandlers): Promise<void> {
  const reader = connection.readable.pipeThrough(new TextDecoderStream()).getReader();
  const text = await readLine(reader);
  const answer = await answerTo(text, handlers);
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
  await writer.close();
  await reader.cancel();
}

/** What was asked, or as much of it as came in time: that is no request then. */
async function readLine(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  const patience = setTimeout(() => void reader.cancel().catch(() => {}), PATIENCE_MS);
  try {
    let text = "";
    while (!text.includes("\n") && text.length < MOST_CHARACTERS) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
    return text;
  } finally {
    clearTimeout(patience);
  }
}

async function answerTo(text: string, handlers: ControlHandlers): Promise<ControlAnswer> {
  try {
    const { command, request } = parseRequest(text);
    if (!Object.hasOwn(handlers, command)) {
      throw new SpikeError(
        "usage",
        `Command ${quoteValue(command)} is not known to the running system`,
      );
    }
    // Both ends are this program: a request has the type that belongs to its command.
    const handle = handlers[command as ControlName] as (request: unknown) => Promise<unknown>;
    return { ok: true, result: await handle(request) };
  } catch (error) {
    return { ok: false, failure: plainFailure(error) };
  }
}

function parseRequest(text: string): ControlRequest {
  try {
    return Object(JSON.parse(text));
  } catch {
    // What the parser says would quote the text.
    throw new SpikeError("usage", "What was asked of the running system is no JSON");
  }
}
