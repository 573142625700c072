import type { Expectation } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { parseNewPath } from "./path.ts";
import { withNexus } from "../session.ts";
import { readValues } from "./value.ts";

/** What to put where. */
export interface SecretPutRequest {
  readonly path: string;
  readonly pairs: readonly string[];
  readonly expected: Expectation;
  readonly mayAsk: boolean;
}

/** `spike secret put`: everything is checked and read before Nexus is called. */
export async function secretPut(deps: PilotIo, request: SecretPutRequest): Promise<void> {
  const path = parseNewPath(request.path, deps.stderr);
  const { values, binary, notes } = await readValues(request.pairs, {
    deps,
    mayAsk: request.mayAsk,
  });
  try {
    await withNexus(
      deps,
      ({ client }) => client.putSecret(path, values, { ...request.expected, binary }),
    );
  } finally {
    for (const bytes of Object.values(binary)) bytes.fill(0);
  }
  deps.stderr.print(notes);
  deps.stdout.print("OK");
}
