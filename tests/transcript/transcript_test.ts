/**
 * Runs the transcripts in this folder: sessions of the command line against a fake Nexus, as text.
 *
 * Lines before a command set what it meets; `nexus` and `refuse` stay until the next of them:
 *
 *     nexus: JSON            Nexus answers every request with this
 *     refuse: CODE [REASON]  Nexus refuses every request
 *     nexus TO: JSON         Nexus answers requests to TO, such as /v1/acl/policy?get, with this; also `refuse TO:`
 *     offline                any request to Nexus fails the test
 *     stdin: JSON STRING     standard input of the next command
 *     typed: JSON STRING     what a person types at a terminal during the next command
 *
 * `$ spike …` is a command; single quotes group words. What follows is all of its output: lines of standard output,
 * `stderr: …` lines of standard error, `call: PATH JSON` for every request to Nexus (absent: not compared; `call: none`
 * if there must not be one), and `exit: N` unless it is 0. A line that starts with `~ ` is a regular expression for one
 * line; `| ` quotes a line of standard output that would be read as something else. Lines with `#` are comments.
 */
import assert from "node:assert/strict";
import { type Answering, type Outcome, refusing, spike } from "../../roles/pilot/fake_nexus.ts";

interface Step {
  readonly line: number;
  readonly args: readonly string[];
  readonly nexus: Answering | undefined;
  readonly stdin: string | undefined;
  readonly typed: string | undefined;
  readonly out: string[];
  readonly err: string[];
  readonly calls: string[];
  code: number;
}

/** Words of a command line; single quotes group. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}

/** What a `nexus` or `refuse` line has Nexus do. */
function answeringOf(name: string, value: string): Answering {
  if (name === "nexus") return () => JSON.parse(value);
  const [code, reason] = value.split(" ");
  return refusing(
    code as Parameters<typeof refusing>[0],
    reason as Parameters<typeof refusing>[1],
  );
}

/** A Nexus whose answer to some requests differs from `rest`. */
function exceptFor(to: string, answer: Answering, rest: Answering): Answering {
  return (path, action, request) =>
    (`${path}?${action}`.replace(/\?$/, "") === to ? answer : rest)(path, action, request);
}

/** Adds a line of expected output to a step. */
function expectLine(step: Step, line: string): void {
  const [, name, value = ""] = /^(stderr|call|exit): ?(.*)$/.exec(line) ?? [];
  if (name === "stderr") step.err.push(value);
  else if (name === "call") step.calls.push(value);
  else if (name === "exit") step.code = Number(value);
  else step.out.push(line.replace(/^\| ?/, ""));
}

const SETTING = /^(nexus|refuse|offline|stdin|typed)(?: (\S+))?(?:: (.*))?$/;

function parseTranscript(text: string): Step[] {
  const steps: Step[] = [];
  let nexus: Answering | undefined;
  let input: { stdin?: string; typed?: string } = {};
  for (const [i, line] of text.split("\n").entries()) {
    const [, name, to, value = ""] = SETTING.exec(line) ?? [];
    if (line === "" || line.startsWith("#")) continue;
    if (name === "stdin" || name === "typed") input = { [name]: JSON.parse(value) };
    else if (name === "offline") nexus = undefined;
    else if (name !== undefined) {
      const answer = answeringOf(name, value);
      nexus = to === undefined ? answer : exceptFor(to, answer, nexus ?? answer);
    } else if (line.startsWith("$ spike ")) {
      const args = wordsOf(line.slice("$ spike ".length));
      const { stdin, typed } = input;
      steps.push({ line: i + 1, args, nexus, stdin, typed, out: [], err: [], calls: [], code: 0 });
      input = {};
    } else {
      const step = steps.at(-1);
      assert.ok(step, `line ${i + 1} stands before the first command`);
      expectLine(step, line);
    }
  }
  return steps;
}

function assertLines(actual: string, expected: readonly string[], where: string): void {
  const lines = actual === "" ? [] : actual.replace(/\n$/, "").split("\n");
  const shown = expected.map((line, i) => {
    const found = lines[i];
    const isPattern = line.startsWith("~ ");
    return isPattern && found !== undefined && new RegExp(`^(?:${line.slice(2)})$`).test(found)
      ? found
      : line;
  });
  assert.deepEqual(lines, shown, where);
}

function check(step: Step, ran: Outcome, file: string): void {
  const where = `${file}:${step.line}: spike ${step.args.join(" ")}`;
  assertLines(ran.out, step.out, `${where}: standard output`);
  assert.ok(ran.out === "" || ran.out.endsWith("\n"), `${where}: output ends with a newline`);
  assertLines(ran.err, step.err, `${where}: standard error`);
  assert.equal(ran.code, step.code, `${where}: exit code`);
  if (step.calls.length === 0) return;
  const expected = step.calls.filter((call) => call !== "none").map((call) => {
    const [to = "", ...json] = call.split(" ");
    return { to, request: JSON.parse(json.join(" ")) };
  });
  assert.deepEqual(ran.calls, expected, `${where}: requests`);
}

for (const { name } of Deno.readDirSync(new URL(".", import.meta.url))) {
  if (!name.endsWith(".txt")) continue;
  Deno.test(`the transcript ${name} is what the commands do`, async () => {
    const steps = parseTranscript(await Deno.readTextFile(new URL(name, import.meta.url)));
    assert.ok(steps.length > 0);
    for (const step of steps) {
      const { args, nexus, stdin, typed } = step;
      const ran = await spike(args, {
        ...(nexus && { nexus }),
        ...(stdin !== undefined && { stdin }),
        ...(typed !== undefined && { typed }),
      });
      check(step, ran, name);
    }
  });
}
