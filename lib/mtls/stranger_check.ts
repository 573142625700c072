import { connect } from "node:tls";

/** The server name that a self-test asks for (RFC 6066 section 3): it means nothing but "this is one". */
export const SELF_TEST_NAME = "self-test.invalid";
const PATIENCE_MS = 20_000;

/**
 * Connects to a listener of our own without a certificate and demands that it gives no HTTP answer. A
 * listener that answers strangers must not run, whatever made it so (a runtime that ignores `requestCert`).
 *
 * @throws Error when a single byte of answer comes, or when the connection is neither refused nor ended
 */
export function assertAnswersNobody(address: { host: string; port: number }): Promise<void> {
  const host = address.host === "0.0.0.0"
    ? "127.0.0.1"
    : address.host === "::"
    ? "::1"
    : address.host;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: address.port,
      servername: SELF_TEST_NAME,
      rejectUnauthorized: false,
    });
    const finish = (error?: Error) => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    const timer = setTimeout(
      () =>
        finish(
          new Error(
            "Self-test: the listener neither answered nor ended a connection without a certificate",
          ),
        ),
      PATIENCE_MS,
    );
    socket.once("secureConnect", () => socket.write("GET / HTTP/1.1\r\nhost: self-test\r\n\r\n"));
    socket.once(
      "data",
      () => finish(new Error("Self-test: the listener answers a client without a certificate")),
    );
    let isConnected = false;
    socket.once("connect", () => isConnected = true);
    socket.once("error", (error) => finish(isConnected ? undefined : error));
    socket.once("close", () => finish());
  });
}
