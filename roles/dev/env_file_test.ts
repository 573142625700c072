import assert from "node:assert/strict";
import { envText, shellQuote, variablesOf } from "./env_file.ts";

const ENVIRONMENT = {
  endpointSocket: "unix:///tmp/it%27s/superuser.sock",
  nexusUrl: "https://127.0.0.1:8553",
  trustRoot: "spike.ist",
};

Deno.test("both families of variables name the same Nexus, and every role has its trust root", () => {
  const variables = variablesOf(ENVIRONMENT);
  assert.equal(variables["SPIKE_NEXUS_API_URL"], ENVIRONMENT.nexusUrl);
  assert.equal(variables["SPIKE_NEXUS_URL"], ENVIRONMENT.nexusUrl);
  assert.equal(variables["SPIFFE_ENDPOINT_SOCKET"], ENVIRONMENT.endpointSocket);
  const roots = Object.entries(variables).filter(([name]) => name.startsWith("SPIKE_TRUST_ROOT"));
  assert.equal(roots.length, 6);
  assert.ok(roots.every(([, value]) => value === "spike.ist"));
});

Deno.test("every line but the first is an export, and the text ends with a newline", () => {
  const [comment, ...exports] = envText(ENVIRONMENT).trimEnd().split("\n");
  assert.match(comment ?? "", /^# /);
  assert.ok(exports.every((line) => /^export [A-Z_]+=\S+$/.test(line)), exports.join("\n"));
  assert.ok(envText(ENVIRONMENT).endsWith("\n"));
});

Deno.test("a shell reads quoted words back as they were", () => {
  const words = ["plain", "it's", "a b", '"$HOME`x`\\', "", "new\nline", "*?[a]~;&|<>()"];
  const script = words.map((word) => `printf '%s\\0' ${shellQuote(word)}`).join("\n");
  const { stdout } = new Deno.Command("sh", { args: ["-c", script] }).outputSync();
  assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
  assert.equal(shellQuote("unix:///run/a.sock"), "unix:///run/a.sock");
});
