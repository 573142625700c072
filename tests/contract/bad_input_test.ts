/** Bad input to real servers: each piece of it is answered with the right code, promptly, and changes nothing. */
import assert from "node:assert/strict";
import { type Operation, ROUTES } from "../../lib/api/mod.ts";
import { type OddRequest, oddRequests } from "./bad_member.ts";
import { type Scene, startScene } from "./scene.ts";
import { type Answer, requestBytes, textOf, Wire } from "./wire.ts";
import { refusal } from "./zero.ts";

/** Asks one after the other over one connection, as long as the server keeps it. */
class Caller implements Disposable {
  #wire: Wire | undefined;

  constructor(readonly scene: Scene) {}

  async ask({ as, server, at, body }: OddRequest): Promise<Answer> {
    this.#wire ??= await Wire.open(
      await this.scene.port(server),
      await this.scene.identities.of(as),
    );
    this.#wire.write(requestBytes({ target: at, body }));
    const answer = await this.#wire.answer();
    if (answer.headers.get("connection")?.[0] === "close" || this.#wire.hasEnded) {
      this[Symbol.dispose]();
    }
    return answer;
  }

  [Symbol.dispose](): void {
    this.#wire?.[Symbol.dispose]();
    this.#wire = undefined;
  }
}

const HARMLESS = [200, 400, 404];

async function tryMembers(scene: Scene, operation: Operation): Promise<number> {
  using caller = new Caller(scene);
  const requests = oddRequests(operation);
  for (const request of requests) {
    const answer = await caller.ask(request).catch((error) => {
      throw new Error(`No answer to ${request.what}`, { cause: error });
    });
    const told = `${request.what}: ${answer.status} ${textOf(answer).slice(0, 200)}`;
    if (request.isBad) {
      assert.equal(answer.status, 400, told);
      assert.equal(textOf(answer), JSON.stringify(refusal(operation, "api_bad_request")), told);
    } else assert.ok(HARMLESS.includes(answer.status), told);
  }
  return requests.length;
}

for (const workers of [0, 2]) {
  Deno.test(`no bad input harms a server, on ${workers} workers`, async (t) => {
    await using scene = await startScene(workers);
    let n = 0;
    for (const { operation } of ROUTES) {
      await t.step(`odd members of ${operation}`, async () => {
        n += await tryMembers(scene, operation);
      });
    }
    console.log(n);
  });
}
