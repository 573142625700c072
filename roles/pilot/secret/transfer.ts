import { SpikeError } from "../../../lib/error/error.ts";
import type { Expectation } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { naming, parseNewPath, parsePath } from "./path.ts";
import { withNexus } from "../session.ts";

/** What goes where. */
export interface TransferRequest {
  readonly from: string;
  readonly to: string;
  readonly version: number;
  readonly expected: Expectation;
  readonly isMove: boolean;
}

/** `spike secret copy` and `spike secret move`, both done by Nexus in one transaction. */
export async function secretTransfer(deps: PilotIo, request: TransferRequest): Promise<void> {
  const { version, expected, isMove } = request;
  const from = parsePath(request.from);
  const to = parseNewPath(request.to, deps.stderr);
  if (isMove && from === to) {
    throw new SpikeError("usage", "A secret cannot be moved to its own path", {
      hint: "To make an older version current again, run `spike secret copy` to the same path",
    });
  }
  const options = { version, ...expected };
  await withNexus(
    deps,
    ({ client }) =>
      naming(
        from,
        version,
        () => isMove ? client.moveSecret(from, to, options) : client.copySecret(from, to, options),
      ),
  );
  deps.stdout.print("OK");
}
