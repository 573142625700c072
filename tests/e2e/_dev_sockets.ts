/** The sockets of the development system in a process of their own, so that it may run out of file descriptors. */
import { serveWorkloadApi } from "../../lib/workload_api/server.ts";
import { serveControl } from "../../roles/dev/control_server.ts";
import type { ControlHandlers } from "../../roles/dev/control.ts";

const [directory = ""] = Deno.args;
const unasked = () => Promise.reject(new Error("not asked"));
const handlers: ControlHandlers = {
  kill: () => Promise.resolve({ wasRunning: true }),
  start: unasked,
  socket: unasked,
  svid: unasked,
  identity: unasked,
  authority: unasked,
  token: unasked,
};
await serveControl(`${directory}/control.sock`, handlers);
await serveWorkloadApi({
  listen: { path: `${directory}/workload.sock` },
  identity: { current: () => undefined, subscribe: () => () => {} },
  watchMs: 200,
});
console.log("listening");
