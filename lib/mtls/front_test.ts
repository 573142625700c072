import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import type { Logger } from "../telemetry/mod.ts";
import { Front, type FrontOptions } from "./front.ts";

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A front of few connections, with those that it let in, in their order. */
async function scene(most: number, options: Partial<FrontOptions> = {}) {
  const entered: Socket[] = [];
  let told = Promise.withResolvers<void>();
  const front = new Front({
    most,
    log: quiet,
    makeRoom: () => false,
    ...options,
    onConnection: (socket) => {
      entered.push(socket);
      told.resolve();
      told = Promise.withResolvers();
    },
  });
  const port = await front.open({ host: "127.0.0.1", port: 0 });
  const clients: Socket[] = [];
  const open = (): Socket => {
    const client = connect(port, "127.0.0.1");
    client.on("error", () => {});
    clients.push(client);
    return client;
  };
  return {
    front,
    entered,
    open,
    enter: async () => {
      const { promise } = told;
      const client = open();
      await promise;
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of [...clients, ...entered]) socket.destroy();
      await front.close();
    },
  };
}

function ended(client: Socket): Promise<void> {
  client.resume();
  return new Promise((resolve) => client.once("close", () => resolve()));
}

Deno.test("past the limit the oldest connection whose handshake is not over makes room", async () => {
  await using here = await scene(2);
  const first = await here.enter();
  await here.enter();
  const end = ended(first);
  await here.enter();
  await end;
  assert.deepEqual(here.entered.map(({ destroyed }) => destroyed), [true, false, false]);
});

Deno.test("a front that closes ends unfinished handshakes and waits for the rest", async () => {
  await using here = await scene(5);
  const known = await here.enter();
  const unknown = await here.enter();
  here.front.know(here.entered[0] ?? assert.fail());
  const end = ended(unknown);
  const closing = here.front.close();
  await end;
  assert.ok(here.front.isClosed && here.front.size > 0);
  here.entered[0]?.destroy();
  known.destroy();
  await closing;
  assert.equal(here.front.size, 0);
});

Deno.test("past the limit the newest connection ends where nothing makes room", async () => {
  await using here = await scene(1);
  await here.enter();
  here.front.know(here.entered[0] ?? assert.fail());
  await ended(here.open());
  assert.equal(here.entered.length, 1);
  assert.equal(here.front.size, 1);
});

Deno.test("an idle connection that makes room lets the newest in", async () => {
  const here = await scene(1, { makeRoom: () => here.entered[0]?.destroy() !== undefined });
  await using _ = here;
  await here.enter();
  here.front.know(here.entered[0] ?? assert.fail());
  await here.enter();
  assert.deepEqual(here.entered.map(({ destroyed }) => destroyed), [true, false]);
});

Deno.test("a listener that takes no connections is reported, opened again, and accepts", async () => {
  const lines: string[] = [];
  const line = (event: string) => void lines.push(event);
  const log: Logger = { debug: line, info: line, warn: line, error: line };
  const looked = Promise.withResolvers<boolean>();
  let probes = 0;
  // The first look finds a dead listener, every other one that it accepts.
  const probe = () => {
    if (probes++ > 0) looked.resolve(here.front.isAccepting);
    return Promise.resolve(probes > 1);
  };
  const here = await scene(5, { log, probe, watchMs: 1 });
  await using _ = here;
  assert.equal(await looked.promise, false);
  assert.deepEqual(lines, ["listener_dead", "listener_reopened"]);
  await here.enter();
  assert.equal(here.front.isAccepting, true);
});
