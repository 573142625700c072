import assert from "node:assert/strict";
import fc from "fast-check";
import { AUTHOR, inWorld, KINDS, type World } from "./secret_fixture.ts";

/** The rules once more, as simply as they can be said: all that was ever put, and what became of it. */
interface ModelSecret {
  puts: { value: string; isDeleted: boolean; isPruned: boolean }[];
}

type Model = Map<string, ModelSecret>;

type Command =
  | { readonly kind: "put"; readonly path: string; readonly value: string; readonly cas: number }
  | { readonly kind: "delete" | "undelete"; readonly path: string; readonly versions: number[] }
  | { readonly kind: "forget" };

const MAX_VERSIONS = 4;
const PATHS = ["a", "a/b", "a/", "B"];

const path = fc.constantFrom(...PATHS);
const versions = fc.array(fc.integer({ min: -1, max: 9 }), { maxLength: 3 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      path,
      value: fc.string({ maxLength: 12 }),
      // Below 0 stands for no expectation.
      cas: fc.integer({ min: -12, max: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom("delete", "undelete"), path, versions }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const) }) },
);

function liveNumbers({ puts }: ModelSecret): number[] {
  return puts.flatMap((p, i) => p.isDeleted || p.isPruned ? [] : [i + 1]);
}

function deletedNumbers({ puts }: ModelSecret): number[] {
  return puts.flatMap((p, i) => p.isDeleted && !p.isPruned ? [i + 1] : []);
}

function currentOf(secret: ModelSecret | undefined): number {
  return (secret && liveNumbers(secret).at(-1)) ?? 0;
}

function wantedOf(numbers: readonly number[], zero: number): Set<number> {
  return new Set((numbers.length === 0 ? [0] : numbers).map((n) => n === 0 ? zero : n));
}

/** Changes the model and answers what the real thing must answer: a current version, or a refusal. */
function expect(model: Model, step: Exclude<Command, { kind: "forget" }>): number | string {
  const secret = model.get(step.path) ?? { puts: [] };
  if (step.kind === "put") {
    if (step.cas >= 0 && step.cas !== currentOf(secret)) return "entity_conflict";
    secret.puts.push({ value: step.value, isDeleted: false, isPruned: false });
    secret.puts.slice(0, -MAX_VERSIONS).forEach((p) => p.isPruned = true);
    model.set(step.path, secret);
    return secret.puts.length;
  }
  if (secret.puts.length === 0) return "path";
  const isDelete = step.kind === "delete";
  const zero = isDelete ? currentOf(secret) : deletedNumbers(secret).at(-1) ?? 0;
  const wanted = wantedOf(step.versions, zero);
  const candidates = isDelete ? liveNumbers(secret) : deletedNumbers(secret);
  const affected = candidates.filter((number) => wanted.has(number));
  if (!isDelete && affected.length === 0) return "version";
  secret.puts.forEach((p, i) => {
    if (affected.includes(i + 1)) p.isDeleted = isDelete;
  });
  return currentOf(secret);
}

async function perform(world: World, step: Command): Promise<number | string> {
  try {
    if (step.kind === "forget") return "";
    const request = { path: step.path, author: AUTHOR };
    const answer = step.kind === "put"
      ? await world.writer.put({
        ...request,
        values: { v: step.value },
        ...(step.cas >= 0 && { cas: step.cas }),
      })
      : await world.writer[step.kind]({ ...request, versions: step.versions });
    return answer.found ? answer.version : answer.reason;
  } catch (reason) {
    if (reason instanceof Error && "code" in reason) return String(reason.code);
    throw reason;
  }
}

async function compare(model: Model, { reader }: World): Promise<void> {
  assert.deepEqual(await reader.list(), PATHS.filter((p) => model.has(p)).toSorted());
  for (const [path, secret] of model) {
    for (const [i, { value, isDeleted, isPruned }] of secret.puts.entries()) {
      const answer = await reader.get({ path, version: i + 1 });
      const seen = answer.found ? answer.values?.v : answer.reason;
      assert.equal(seen, isPruned ? "version" : isDeleted ? "deleted" : value);
    }
    const current = await reader.get({ path });
    assert.equal(current.found ? current.version : 0, currentOf(secret));
  }
}

for (const kind of KINDS) {
  Deno.test(`${kind}: any sequence of mutations reads like the model`, async () => {
    const sequences = fc.array(command, { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(sequences, async (steps) => {
        await inWorld(kind, async (world) => {
          const model: Model = new Map();
          for (const step of steps) {
            if (step.kind === "forget") {
              world.reader.clear();
              world.writer.clear();
            } else {
              assert.equal(await perform(world, step), expect(model, step));
            }
          }
          await compare(model, world);
        }, { maxVersions: MAX_VERSIONS, cacheLimit: 2 });
      }),
      { numRuns: 60 },
    );
  });
}
