// A TLS client of another runtime, which resumes sessions when it is told to. Reads one JSON object from standard
// input, does one exchange, and writes what it saw as JSON.
import { connect } from "node:tls";

const { port, cert, key, version, session, request } = JSON.parse(
  await new Response(process.stdin).text(),
);
const seen = { answer: "", isReused: false, session: undefined, error: undefined };
const socket = connect({
  host: "127.0.0.1",
  port,
  cert,
  key,
  minVersion: version,
  maxVersion: version,
  rejectUnauthorized: false,
  ...(session ? { session: Buffer.from(session, "base64") } : {}),
});
socket.on("session", (fresh) => seen.session = fresh.toString("base64"));
socket.on("secureConnect", () => {
  seen.isReused = socket.isSessionReused();
  socket.write(request);
});
socket.on("data", (chunk) => {
  seen.answer += chunk;
  if (seen.answer.includes("}")) socket.end();
});
socket.on("error", (error) => seen.error = error.code ?? error.message);
socket.on("close", () => console.log(JSON.stringify(seen)));
