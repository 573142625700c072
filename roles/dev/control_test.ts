import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/error.ts";
import { askSupervisor } from "./control_client.ts";
import { serveControl } from "./control_server.ts";
import type { ControlHandlers } from "./control.ts";

const HANDLERS: ControlHandlers = {
  kill: ({ name }) => Promise.resolve({ wasRunning: name === "nexus" }),
  start: ({ name }) => {
    throw new SpikeError("entity_conflict", `${name} is already running`, { hint: "Let it" });
  },
  socket: () => Promise.reject(new Error("a bug")),
  svid: () => Promise.reject(new Error("not asked")),
  identity: () => Promise.reject(new Error("not asked")),
  authority: () => Promise.reject(new Error("not asked")),
  token: () => Promise.reject(new Error("not asked")),
};

async function withSupervisor(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const control = `${dir}/control.sock`;
  {
    await using _server = await serveControl(control, HANDLERS);
    await Deno.writeTextFile(`${dir}/supervisor.json`, JSON.stringify({ pid: 1, control }));
    await work(dir);
  }
  await Deno.remove(dir, { recursive: true });
}

Deno.test("a command gets the supervisor's result", async () => {
  await withSupervisor(async (dir) => {
    assert.deepEqual(await askSupervisor(dir, "kill", { name: "nexus" }), { wasRunning: true });
    assert.deepEqual(await askSupervisor(dir, "kill", { name: "keeper-1" }), { wasRunning: false });
  });
});

Deno.test("a failure keeps its code and hint on the way", async () => {
  await withSupervisor(async (dir) => {
    await assert.rejects(askSupervisor(dir, "start", { name: "nexus", timeoutMs: 1 }), {
      code: "entity_conflict",
      message: "nexus is already running",
      hint: "Let it",
    });
  });
});

Deno.test("a bug of one command is its own failure, the next one is answered", async () => {
  await withSupervisor(async (dir) => {
    await assert.rejects(askSupervisor(dir, "socket", { id: "x" }), { code: "api_internal_error" });
    assert.deepEqual(await askSupervisor(dir, "kill", { name: "nexus" }), { wasRunning: true });
  });
});

Deno.test("without a supervisor a command says that none runs there", async () => {
  const dir = await Deno.makeTempDir();
  const ask = () => askSupervisor(dir, "kill", { name: "nexus" });
  await assert.rejects(ask(), { code: "state_not_ready" });
  const control = `${dir}/gone.sock`;
  await Deno.writeTextFile(`${dir}/supervisor.json`, JSON.stringify({ pid: 1, control }));
  await assert.rejects(ask(), {
    code: "state_not_ready",
    message: /No development system runs in/,
  });
  await Deno.remove(dir, { recursive: true });
});
