/** Bad input to real servers: each piece of it is answered with the right code, promptly, and changes nothing. */
import assert from "node:assert/strict";
import { type Operation, ROUTES } from "../../lib/api/mod.ts";
import { type OddRequest, oddRequests } from "./bad_member.ts";
import { type Flood, FLOODS, ODD_HTTP, type OddHttp } from "./bad_http.ts";
import { WORKERS } from "../e2e/harness.ts";
import { type Scene, startScene } from "./scene.ts";
import { type Answer, ConnectionEnded, headerOf, requestBytes, textOf, Wire } from "./wire.ts";
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

async function tryMembers(scene: Scene, operation: Operation): Promise<void> {
  using caller = new Caller(scene);
  for (const request of oddRequests(operation)) {
    const answer = await caller.ask(request).catch((error) => {
      throw new Error(`No answer to ${request.what}`, { cause: error });
    });
    const told = `${request.what}: ${answer.status} ${textOf(answer).slice(0, 200)}`;
    if (request.isBad) {
      assert.equal(answer.status, 400, told);
      assert.equal(textOf(answer), JSON.stringify(refusal(operation, "api_bad_request")), told);
    } else if (request.as === "workload") assert.equal(answer.status, 401, told);
    else assert.ok(HARMLESS.includes(answer.status), told);
  }
}

async function tryHttp(scene: Scene, { bytes, isFinished, gives }: OddHttp): Promise<void> {
  using wire = await Wire.open(await scene.port("nexus"), await scene.identities.of("superuser"));
  if (bytes !== "") wire.write(bytes);
  if (isFinished) wire.finish();
  if (gives === "ended") return assert.equal(await wire.ended(), "");
  const first = await wire.answer();
  const answer = first.status === 100 ? await wire.answer() : first;
  if (gives === "served") {
    return assert.equal(`${answer.status} ${textOf(answer)}`, '200 {"keys":[]}');
  }
  assert.equal(`${answer.status} ${textOf(answer)}`, '400 {"err":"api_bad_request"}');
  assert.equal(headerOf(answer, "content-type"), "application/json");
  if (gives === "last refusal") assert.equal(headerOf(answer, "connection"), "close");
}

const REQUEST = requestBytes({ target: "/v1/store/secrets?action=list", body: "{}" });

/** As many answers as come before the connection ends. */
async function pipeline(scene: Scene, length: number): Promise<number> {
  using wire = await Wire.open(await scene.port("nexus"), await scene.identities.of("superuser"));
  wire.write(new Uint8Array(Array(length).fill([...REQUEST]).flat()));
  for (let answers = 0;; answers++) {
    if (answers === length) return answers;
    try {
      assert.equal((await wire.answer()).status, 200);
    } catch (error) {
      if (error instanceof ConnectionEnded) return answers;
      throw error;
    }
  }
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** What a whole Nexus may ever take, whatever is done to it; a fresh one takes 100 to 160 MiB. */
const MOST_BYTES = GIB;

/** Sends a flood until the server ends the connection, and looks at the memory it took. */
async function flood(scene: Scene, { head, endless }: Flood, bytes: number): Promise<number> {
  const pid = await scene.pid("nexus");
  const identity = await scene.identities.of("superuser");
  let left = bytes;
  for (; left > 0;) {
    using wire = await Wire.open(await scene.port("nexus"), identity);
    if (head !== "") wire.write(head);
    left -= await wire.flood(new TextEncoder().encode(endless), left);
  }
  return rssBytes(pid);
}

function rssBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

Deno.test(`no bad input harms a server, on ${WORKERS} workers`, async (t) => {
  await using scene = await startScene(WORKERS);
  for (const odd of ODD_HTTP) await t.step(odd.what, () => tryHttp(scene, odd));
  await t.step(
    "a few requests in a row are answered in a row, more end the connection",
    async () => {
      assert.equal(await pipeline(scene, 8), 8);
      assert.equal(await pipeline(scene, 100), 8);
    },
  );
  // What members may be is decided alike on every thread, so one of the two tries them.
  for (const { operation } of WORKERS === 0 ? ROUTES : []) {
    await t.step(`odd members of ${operation}`, () => tryMembers(scene, operation));
  }
  for (const each of FLOODS) {
    await t.step(`a flood of ${each.what}`, async () => {
      const most = await flood(scene, each, 64 * MIB);
      assert.ok(most < MOST_BYTES, `It took ${most / MIB} MiB`);
    });
  }
  if (WORKERS > 0) {
    await t.step("a gigabyte pushed leaves memory as it was", async () => {
      const [chunks] = FLOODS;
      assert.ok(chunks);
      const before = await flood(scene, chunks, 128 * MIB);
      const after = await flood(scene, chunks, GIB);
      assert.ok(after - before < 128 * MIB, `It grew by ${(after - before) / MIB} MiB`);
    });
  }
  await t.step("after all that it serves, and nothing has failed inside", async () => {
    assert.equal(await pipeline(scene, 1), 1);
    const failed = (await scene.logs()).split("\n").filter((line) => /"level":"error"/.test(line));
    assert.deepEqual(failed, []);
  });
});
