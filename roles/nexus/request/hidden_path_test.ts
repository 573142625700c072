/** Two stores that differ only in paths on which a caller has no permission: it must not be able to tell them apart. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Answer, type AppWorld, idOf, type RouteName, startApps } from "./_app_fixture.ts";

const ADMIN = idOf("superuser");
const WEB = "spiffe://example.org/acme/web";

const POLICIES = [
  { pathPattern: "^a/.*$", permissions: ["list"] },
  { pathPattern: "^b/2$", permissions: ["read"] },
  { pathPattern: "^w/.*$", permissions: ["read", "write"] },
  { pathPattern: "/mine$", permissions: ["list", "read"] },
  { pathPattern: "^spike/system/acl$", permissions: ["read"] },
];
const SHOWN = POLICIES.map(({ pathPattern }) => new RegExp(pathPattern));
/** So that every listing has something to show. */
const ALWAYS = ["a/1", "a/2/x", "h/mine", "w/1/mine"];
const isHidden = (path: string) => !SHOWN.some((pattern) => pattern.test(path));

const path = fc.array(fc.constantFrom("a", "b", "w", "h", "/", "1", "2", "mine", "-"), {
  minLength: 1,
  maxLength: 5,
}).map((parts) => parts.join(""));
const somePath = fc.oneof(path, fc.constantFrom("a/1", "b/2", "w/1", "h/1", "h/mine", "b/1", ""));
const paths = fc.uniqueArray(somePath.filter((one) => one !== ""), { maxLength: 12 });

interface Question {
  readonly route: RouteName;
  readonly body: Readonly<Record<string, unknown>>;
}

const list = fc.record({
  prefix: fc.oneof(fc.constantFrom("", "", "", "a/", "b", "h", "h/", "w/", "/"), path),
  after: fc.oneof(fc.constant(""), somePath),
  limit: fc.constantFrom(0, 1, 2, 3, 7),
  recursive: fc.boolean(),
});
const versions = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 });
const expected = fc.constantFrom({}, { cas: 0 }, { cas: 1 });

function asked(route: RouteName, body: fc.Arbitrary<object>): fc.Arbitrary<Question> {
  return body.map((body) => ({ route, body: body as Question["body"] }));
}

function onPath(route: RouteName, more: Record<string, fc.Arbitrary<unknown>> = {}) {
  const body = fc.tuple(fc.record({ path: somePath, ...more }), expected);
  return asked(route, body.map(([body, cas]) => ({ ...body, ...cas })));
}

/** Where the caller may write it learns of versions; what it writes is the same in both stores. */
const question: fc.Arbitrary<Question> = fc.oneof(
  { weight: 8, arbitrary: asked("secret:list", list) },
  { weight: 2, arbitrary: asked("secret:batch", fc.record({ paths })) },
  { weight: 2, arbitrary: onPath("secret:get", { version: fc.integer({ min: 0, max: 3 }) }) },
  onPath("metadata:get", { all: fc.boolean() }),
  onPath("metadata:set", { custom: fc.constant({ note: "x" }) }),
  onPath("secret", { values: fc.constant({ v: "new" }) }),
  onPath("secret:delete", { versions, report: fc.boolean() }),
  onPath("secret:undelete", { versions }),
  onPath("secret:destroy", { versions }),
  onPath("secret:purge"),
  asked("secret:copy", fc.record({ from: somePath, to: somePath })),
  asked("secret:move", fc.record({ from: somePath, to: somePath })),
  asked(
    "policy:explain",
    fc.record({ spiffeid: fc.constant(WEB), path: somePath, permissions: fc.constant(["read"]) }),
  ),
  asked("policy:who-can", fc.record({ path: somePath, permissions: fc.constant(["list"]) })),
);

async function fill(world: AppWorld, stored: Iterable<string>): Promise<void> {
  for (const path of stored) await world.ask(ADMIN, "secret", { path, values: { v: path } });
  for (const [i, policy] of POLICIES.entries()) {
    const spiffeidPattern = "^spiffe://example\\.org/acme/web$";
    await world.ask(ADMIN, "policy", { name: `p${i}`, spiffeidPattern, ...policy });
  }
}

/**
 * A place where a listing stopped is sealed with fresh randomness, and the name of a state is the digest of what is
 * sealed: what can be told of both is their length.
 */
function shown(answer: Answer): unknown {
  const text = JSON.stringify([answer.status, answer.body, answer.etag?.length]);
  return text
    .replace(/"~1\.[\w-]+"/g, (sealed) => `"~${sealed.length}"`)
    .replace(/"\d{4}-\d\d-\d\dT[^"]*Z"/g, '"time"');
}

/** All answers to a question: of a listing every page, each going on where its own store says. */
async function answersOf(world: AppWorld, { route, body }: Question): Promise<Answer[]> {
  const answers: Answer[] = [];
  let after = body["after"];
  do {
    const answer = await world.ask(WEB, route, after === undefined ? body : { ...body, after });
    answers.push(answer);
    after = (answer.body as { next?: string }).next;
  } while (after !== undefined && answers.length < 50);
  return answers;
}

Deno.test("no answer depends on paths that the caller has no permission on", async () => {
  const counts = { hidden: 0, pages: 0, answered: 0 };
  await fc.assert(
    fc.asyncProperty(
      paths,
      paths,
      fc.array(question, { minLength: 10, maxLength: 30 }),
      async (first, second, questions) => {
        const seen = [...ALWAYS, ...first, ...second].filter((path) => !isHidden(path));
        const stored = [first, second].map((own) => new Set([...seen, ...own.filter(isHidden)]));
        await using one = await startApps();
        await using other = await startApps();
        const worlds = [one, other];
        await Promise.all(worlds.map((world, i) => fill(world, stored[i] ?? [])));
        counts.hidden += [...first, ...second].filter(isHidden).length;
        for (const asked of questions) {
          const [left = [], right = []] = await Promise.all(
            worlds.map((world) => answersOf(world, asked)),
          );
          assert.deepEqual(left.map(shown), right.map(shown), JSON.stringify(asked));
          counts.answered += left.filter(({ status }) => status === 200).length;
          counts.pages += left.length - 1;
        }
      },
    ),
    { numRuns: 40 },
  );
  assert.ok(
    counts.hidden > 50 && counts.pages > 50 && counts.answered > 200,
    JSON.stringify(counts),
  );
});
