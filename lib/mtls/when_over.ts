/** What ends once: a response, or the connection that it goes over. */
export interface Ending {
  once(event: "close", work: () => void): unknown;
  off(event: "close", work: () => void): unknown;
}

/**
 * Does its work once, when a response is over or its connection is: of several requests in the pipe the runtime closes
 * only the first response together with the connection, and the others would count as under way for ever.
 */
export function whenOver(outgoing: Ending, socket: Ending, work: () => void): void {
  const end = () => {
    outgoing.off("close", end);
    socket.off("close", end);
    work();
  };
  outgoing.once("close", end);
  socket.once("close", end);
}
