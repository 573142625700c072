/** The two operations of a keeper. Nexus and Bootstrap decode the answers themselves, with the stamps of shards. */
import * as v from "valibot";
import { message } from "../decode.ts";
import { flag, maybeInteger, maybeShard, maybeText, texts } from "../member.ts";
import { define } from "./definition.ts";

/** Operations of a keeper by name. */
export const KEEPER_OPERATIONS = {
  "keeper.contribute": define({
    server: "keeper",
    path: "/v1/store/contribute",
    want: { by: "role", roles: ["nexus", "bootstrap"] },
    request: message({
      shard: maybeShard,
      scheme: maybeText,
      storeId: maybeText,
      setId: maybeText,
      generation: maybeInteger,
      threshold: maybeInteger,
      shares: maybeInteger,
      index: maybeInteger,
      commitment: maybeText,
      check: maybeText,
      stage: v.optional(v.picklist(["current", "pending"]), "current"),
      replaces: maybeText,
      force: flag,
      abandon: flag,
      probe: flag,
    }),
  }),
  "keeper.shard": define({
    server: "keeper",
    path: "/v1/store/shard",
    want: { by: "role", roles: ["nexus"] },
    request: message({ accept: texts }),
    zero: { shard: null },
  }),
} as const;
