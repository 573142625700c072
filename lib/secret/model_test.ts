import assert from "node:assert/strict";
import fc from "fast-check";
import { SpikeError } from "../error/error.ts";
import {
  type Answer,
  anyRounds,
  type Expiry,
  Model,
  MODEL_MAX_VERSIONS,
  type Read,
  told,
  type Write,
} from "./model_fixture.ts";
import type { SecretChanged } from "./mutation.ts";
import type { SecretNotFound } from "./reader.ts";
import type { SecretPairs } from "./values.ts";
import { AUTHOR, inWorld, type Kind, type World } from "./secret_fixture.ts";

/** How many histories are tried. */
const RUNS: Readonly<Record<Kind, number>> = { memory: 80, sqlite: 40 };
const ROUNDS = 25;

function missing({ reason }: SecretNotFound): Answer {
  return reason === "path" || reason === "version" ? `no ${reason}` : reason;
}

const EXPIRES_MS: Readonly<Record<Expiry, number | null>> = {
  past: 1,
  never: null,
  future: Date.UTC(2999),
};

async function write(world: World, step: Write): Promise<Answer> {
  try {
    const answer = await change(world, step);
    return answer.found ? answer.version : missing(answer);
  } catch (reason) {
    if (reason instanceof SpikeError) return reason.code;
    throw reason;
  }
}

function change({ writer }: World, step: Write): Promise<SecretChanged | SecretNotFound> {
  const { path, cas } = step;
  const request = { path, author: AUTHOR, ...(cas === undefined ? {} : { cas }) };
  switch (step.kind) {
    case "put": {
      const bytes = new TextEncoder().encode(step.value);
      return step.isBinary
        ? writer.put({ ...request, values: {}, binary: { v: bytes } })
        : writer.put({ ...request, values: { v: step.value } });
    }
    case "purge":
      return writer.purge(request);
    case "setMetadata": {
      const { note, max, expiry } = step;
      return writer.setMetadata({
        ...request,
        ...(note === undefined ? {} : { custom: { note } }),
        ...(max === undefined ? {} : { maxVersions: max }),
        ...(expiry === undefined ? {} : { expiresMs: EXPIRES_MS[expiry] }),
      });
    }
    case "copy":
    case "move": {
      const { from, version, kind } = step;
      return writer.copy({ ...request, from, version, isMove: kind === "move" });
    }
    default:
      return writer[step.kind]({ ...request, versions: step.versions });
  }
}

async function read({ reader }: World, step: Read): Promise<Answer> {
  if (step.kind === "list") {
    const { prefix, after, limit } = step;
    return await reader.list({
      prefix,
      ...(after === "" ? {} : { after }),
      ...(limit === undefined ? {} : { limit }),
    });
  }
  if (step.kind === "get") {
    const answer = await reader.get(step);
    return answer.found ? `${answer.version}:${valueOf(answer)}` : missing(answer);
  }
  const answer = await reader.metadata({ ...step, evenUnreadable: step.all });
  if (!answer.found) return missing(answer);
  const { current, oldest, maxVersions, custom, versions } = answer.head;
  const numbers = versions.map(({ number, deleted, destroyed }) =>
    destroyed ? number / -2 : deleted ? -number : number
  );
  return [current, oldest, maxVersions, custom["note"] ?? "", ...numbers];
}

function valueOf({ values, binary }: SecretPairs): string {
  const bytes = binary["v"];
  return bytes ? told(new TextDecoder().decode(bytes), true) : told(values?.["v"] ?? "", false);
}

for (const [kind, numRuns] of Object.entries(RUNS)) {
  Deno.test(`${kind}: any history of writes at once, and reads, is answered like the model`, async () => {
    await fc.assert(
      fc.asyncProperty(anyRounds(ROUNDS), (rounds) =>
        inWorld(kind as Kind, async (world) => {
          const model = new Model();
          for (const { writes, reads, isForgetful } of rounds) {
            if (isForgetful) {
              world.reader.clear();
              world.writer.clear();
            }
            const written = await Promise.all(writes.map((step) => write(world, step)));
            assert.deepEqual(written, writes.map((step) => model.write(step)));
            const seen = await Promise.all(reads.map((step) => read(world, step)));
            assert.deepEqual(seen, reads.map((step) => model.read(step)));
          }
          for (const question of model.questions()) {
            assert.deepEqual(await read(world, question), model.read(question));
          }
        }, { maxVersions: MODEL_MAX_VERSIONS, cacheLimit: 2 })),
      { numRuns },
    );
  });
}
