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

async function acceptAll(listener: Deno.Listener, handlers: ControlHandlers): Promise<void> {
  for await (const connection of listener) {
    serveOne(connection, handlers).catch((error) => {
      if (!isHangUp(error)) throw error;
    });
  }
}

/** The command was interrupted and does not wait for its answer any more; how that shows depends on the moment. */
function isHangUp(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.ConnectionReset;
}

async function serveOne(connection: Deno.Conn, handlers: ControlHandlers): Promise<void> {
  const reader = connection.readable.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  const answer = await answerTo(text, handlers);
  const writer = connection.writable.getWriter();
  await writer.write(new TextEncoder().encode(`${JSON.stringify(answer)}\n`));
  await writer.close();
  await reader.cancel();
}

async function answerTo(text: string, handlers: ControlHandlers): Promise<ControlAnswer> {
  try {
    const { command, request } = JSON.parse(text) as ControlRequest;
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
