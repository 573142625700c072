import assert from "node:assert/strict";
import fc from "fast-check";
import { SpikeError } from "../api/error.ts";
import {
  type Answer,
  anyRounds,
  Model,
  MODEL_MAX_VERSIONS,
  type Read,
  type Write,
} from "./model_fixture.ts";
import type { SecretNotFound } from "./reader.ts";
import { AUTHOR, inWorld, type Kind, type World } from "./secret_fixture.ts";

/** How many histories are tried. */
const RUNS: Readonly<Record<Kind, number>> = { memory: 80, sqlite: 40 };
const ROUNDS = 25;

function missing({ reason }: SecretNotFound): Answer {
  return reason === "deleted" ? reason : `no ${reason}`;
}

async function write({ writer }: World, step: Write): Promise<Answer> {
  const { path, cas } = step;
  const request = { path, author: AUTHOR, ...(cas === undefined ? {} : { cas }) };
  try {
    const answer = step.kind === "put"
      ? await writer.put({ ...request, values: { v: step.value } })
      : await writer[step.kind]({ ...request, versions: step.versions });
    return answer.found ? answer.version : missing(answer);
  } catch (reason) {
    if (reason instanceof SpikeError) return reason.code;
    throw reason;
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
    return answer.found ? `${answer.version}:${answer.values?.v}` : missing(answer);
  }
  const answer = await reader.metadata(step);
  if (!answer.found) return missing(answer);
  const { current, oldest, versions } = answer.head;
  return [current, oldest, ...versions.map((v) => v.deleted ? -v.number : v.number)];
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
