import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { whenOver } from "./when_over.ts";

function scene() {
  const [outgoing, socket] = [new EventEmitter(), new EventEmitter()];
  let count = 0;
  whenOver(outgoing, socket, () => count++);
  return { outgoing, socket, count: () => count };
}

Deno.test("a response that is over is over once, and its connection forgets it", () => {
  const { outgoing, socket, count } = scene();
  outgoing.emit("close");
  socket.emit("close");
  assert.equal(count(), 1);
  assert.equal(socket.listenerCount("close"), 0);
});

Deno.test("a response that never closes is over with its connection", () => {
  const { outgoing, socket, count } = scene();
  socket.emit("close");
  outgoing.emit("close");
  assert.equal(count(), 1);
});
