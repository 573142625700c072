import { decodeHttpCase, encodeHttpCase, makeHttpCase } from "./http_case.ts";
import { CANARY, HttpWorld } from "./http_world.ts";
import type { Target } from "./target.ts";

/** How often it is looked whether the servers still serve. */
const LOOK_EVERY = 64;

let world: Promise<HttpWorld> | undefined;
let run = 0;

/** The routes of Nexus and of a keeper, without the network. The servers are started for the first case. */
export const HTTP: Target = {
  name: "http",
  share: 58,
  makeInput: (random) => encodeHttpCase(makeHttpCase(random)),
  run: async (input) => {
    const it = decodeHttpCase(input);
    if (!it) return "refused";
    const { judge, assertAlive } = bound(await (world ??= HttpWorld.start()));
    const { status, text } = await judge(it);
    const isWeak = it.server === "nexus" && it.caller % 4 === 3;
    if (isWeak && text.includes(CANARY)) {
      throw new Error("A secret was told to who may not read it");
    }
    if (++run % LOOK_EVERY === 0) await assertAlive();
    return status === 200 ? "accepted" : "refused";
  },
};

function bound(servers: HttpWorld) {
  return {
    judge: servers.judge.bind(servers),
    assertAlive: servers.assertAlive.bind(servers),
  };
}
