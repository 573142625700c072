// A TLS client of another runtime, which resumes sessions when it is told to. For each line of standard input, a JSON
// object, it does one exchange and writes what it saw as a line of JSON.
import { createInterface } from "node:readline";
import { connect } from "node:tls";

function exchange({ port, cert, key, version, session, request }) {
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
  return new Promise((resolve) => socket.on("close", () => resolve(seen)));
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await exchange(JSON.parse(line))));
}
