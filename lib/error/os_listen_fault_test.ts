import assert from "node:assert/strict";
import { createServer } from "node:http";
import { listenFault, listenFaultWords } from "./os_listen_fault.ts";

/** An address of the range for documentation (RFC 5737), which no machine has. */
const FOREIGN = "192.0.2.77";

Deno.test("an address of another machine is named as such, whichever way the runtime says it", async () => {
  const where = { host: FOREIGN, port: 18_553 };
  const causes: unknown[] = [];
  try {
    Deno.listen({ hostname: FOREIGN, port: where.port }).close();
  } catch (error) {
    causes.push(error);
  }
  await new Promise<void>((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(void causes.push(error)));
    server.listen(where, () => server.close(() => resolve()));
  });
  assert.equal(causes.length, 2);
  for (const cause of causes) {
    const { code, message, hint } = listenFault(cause, where);
    assert.equal(code, "config_invalid");
    assert.match(
      message,
      /^Cannot listen on 192\.0\.2\.77:18553: 192\.0\.2\.77 is not an address of/,
    );
    assert.match(hint ?? "", /one of its own addresses/);
  }
});

Deno.test("each kind of fault has its own words and hint", () => {
  const withCode = (code: string) => Object.assign(new Error(`listen ${code}`), { code });
  const fault = (cause: unknown) => listenFault(cause, { host: "::1", port: 80 });
  assert.match(fault(withCode("EADDRINUSE")).message, /^Cannot listen on \[::1\]:80: .*EADDRINUSE/);
  assert.match(fault(new Deno.errors.AddrInUse("x")).hint ?? "", /Another process/);
  assert.match(fault(withCode("EACCES")).hint ?? "", /from 1024 on/);
  assert.match(fault(withCode("ENOTFOUND")).message, /cannot be resolved/);
  assert.match(fault(withCode("EMFILE")).message, /EMFILE$/);
  assert.match(
    listenFaultWords(withCode("EAI_AGAIN"), "a.invalid"),
    /a\.invalid cannot be resolved/,
  );
});
