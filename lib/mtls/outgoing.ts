/** Answers on their way: how they end, and what they may hold until they are taken. */
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import type { BodyBudget } from "./body.ts";
import { stopReading } from "./flow.ts";
import type { StreamedBody } from "./streamed_body.ts";

/**
 * An end that arrives together with what came before it is missed by clients of this runtime (Deno 2.9.6): they would
 * find out only when their patience is over.
 */
const END_DELAY_MS = 50;
/** How long a refused client has to read why. */
const REFUSED_MS = 2_000;

/** Ends the connection, and not the answer, when the answer fails on its way. */
export function endingWith(response: Response, socket: TLSSocket): Response {
  const { body } = response;
  if (!body) return response;
  const pieces = async function* () {
    try {
      yield* body;
    } catch {
      // Whoever made the answer has told of it.
      await new Promise((resolve) => setTimeout(resolve, END_DELAY_MS));
      socket.destroy();
    }
  };
  return new Response(ReadableStream.from(pieces()), response);
}

/**
 * What a refused stream still has to say is left where it is: its sender has to wait, and so comes to read why. To take
 * it in order to drop it would take as long as it is; to end the connection over it would reset it, and the reset can
 * overtake the answer.
 */
export function refuseRest(stream: StreamedBody, socket: TLSSocket): void {
  if (!stream.isComplete) {
    stopReading(socket);
    // What the runtime calls after the last answer of a connection: the client is to be the first to end it.
    socket.destroySoon = () => {};
    const timer = setTimeout(() => socket.destroy(), REFUSED_MS);
    socket.once("close", () => clearTimeout(timer));
  }
  stream.release();
}

/**
 * Counts an answer until it is handed on, and ends the connection instead when too much waits already: those that
 * ask for more than they read are the ones to go.
 */
export function holdAnswer(
  exchange: { answerBytes: number },
  bytes: number,
  { socket }: IncomingMessage,
  { answers, sockets }: { readonly answers: BodyBudget; readonly sockets: ReadonlySet<TLSSocket> },
): void {
  // Small answers do not fill memory and are not worth a look at every connection.
  if (bytes < 65_536) return;
  let unread = 0;
  for (const each of sockets) unread += each.writableLength;
  const fits = unread + answers.heldBytes + bytes <= answers.limitBytes && answers.take(bytes);
  if (fits) exchange.answerBytes = bytes;
  else socket.destroy();
}
