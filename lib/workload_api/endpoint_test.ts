import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { nameCounts, readVectors } from "../spiffe/_vectors.ts";
import { type EndpointAddress, formatEndpoint, parseEndpoint } from "./endpoint.ts";

interface Case {
  readonly address: string;
  readonly valid: boolean | null;
  readonly why: string;
  readonly kind?: "unix" | "tcp";
  readonly path?: string;
  readonly host?: string;
  readonly port?: number;
}

const { cases } = readVectors<{ cases: Case[] }>("endpoint-address.json");
nameCounts("endpoint-address.json", { addresses: [34, cases.length] });

function expected(vector: Case): EndpointAddress {
  if (vector.kind === "tcp") {
    return { kind: "tcp", host: vector.host ?? "", port: vector.port ?? 0 };
  }
  // The one case that the vectors leave open names no path: we decode once.
  return { kind: "unix", path: vector.path ?? "/a b/api.sock" };
}

for (const vector of cases) {
  const name = `${JSON.stringify(vector.address)}: ${vector.why}`;
  if (vector.valid === false) {
    Deno.test(`parseEndpoint() refuses ${name}`, () => {
      assert.throws(() => parseEndpoint(vector.address), (error) => {
        assert(error instanceof SpikeError);
        assert.equal(error.code, "config_invalid");
        assert(error.message.includes(JSON.stringify(vector.address)), error.message);
        assert(error.message.includes("expected unix:///"), error.message);
        return true;
      });
    });
  } else {
    Deno.test(`parseEndpoint() accepts ${name}`, () => {
      assert.deepEqual(parseEndpoint(vector.address), expected(vector));
    });
  }
}

Deno.test("parseEndpoint() decodes a percent sign only once", () => {
  assert.deepEqual(parseEndpoint("unix:///a%2520b"), { kind: "unix", path: "/a%20b" });
});

for (
  const address of [
    "unix:///a%00b",
    "unix:///a%ff",
    "unix:///a%zz",
    "unix:////",
    "tcp://01.2.3.4:1",
    "tcp://1.2.3:1",
    "tcp://1.2.3.4.:1",
    "tcp://1.2.3.4.5:1",
    "tcp://[::1%25lo]:1",
    "tcp://[::g]:1",
    "tcp://[127.0.0.1]:1",
    "tcp://[]:1",
    "tcp://127.0.0.1:-1",
    "tcp://127.0.0.1:1 ",
    " unix:///a",
  ]
) {
  Deno.test(`parseEndpoint() refuses ${JSON.stringify(address)}`, () => {
    assert.throws(() => parseEndpoint(address), { code: "config_invalid" });
  });
}

Deno.test("formatEndpoint() writes what parseEndpoint() reads back", () => {
  const addresses: EndpointAddress[] = [
    { kind: "unix", path: "/run/a b/%41?x#y.sock" },
    { kind: "tcp", host: "::1", port: 8000 },
    { kind: "tcp", host: "127.0.0.1", port: 65_535 },
  ];
  for (const address of addresses) {
    assert.deepEqual(parseEndpoint(formatEndpoint(address)), address);
  }
});

Deno.test("parseEndpoint() takes a path as long as a socket can have, and says how long a longer one is", () => {
  const path = `/${"x".repeat(106)}`;
  assert.deepEqual(parseEndpoint(`unix://${path}`), { kind: "unix", path });
  for (const longer of [`${path}x`, `/${"%C3%A9".repeat(53)}x`]) {
    assert.throws(() => parseEndpoint(`unix://${longer}`), (error: SpikeError) => {
      assert.equal(error.code, "config_invalid");
      assert.match(error.message, /the path has 108 bytes, a socket takes at most 107/);
      return true;
    });
  }
});

for (
  const control of [
    "\n",
    "\r",
    "\t",
    "\u001b[2J",
    "\u007f",
    "\u0085",
    "\u009b",
    "\u202e",
    "\u2066",
    "\u2028",
  ]
) {
  for (
    const address of [
      `unix:///run/a${control}b.sock`,
      `unix:///run/a${encodeURIComponent(control)}b.sock`,
      `tcp://127.0.0.1${control}:8080`,
      `${control}unix:///run/a.sock`,
    ]
  ) {
    Deno.test(`parseEndpoint() refuses the control in ${encodeURIComponent(address)}, and does not show it`, () => {
      assert.throws(() => parseEndpoint(address), (error: SpikeError) => {
        assert.match(error.message, /it has a control character/);
        assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        return true;
      });
    });
  }
}
