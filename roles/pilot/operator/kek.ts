import type { KekInfo } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { withNexus } from "../session.ts";

/** `spike operator kek list` and `spike operator kek rotate`. */
export async function operatorKek(
  deps: PilotIo,
  action: "list" | "rotate",
  format: Format,
): Promise<void> {
  const keks = await withNexus(
    deps,
    ({ client }) => action === "list" ? client.listKeks() : client.rotateKek(),
    "superuser",
  );
  await printAs(deps, format, { data: () => keks, lines: () => keks.map(toLine) });
}

function toLine({ generation, state, createdTime, sealings }: KekInfo): string {
  return `Generation ${generation}: ${state}, made ${createdTime}, at most ${sealings} sealings`;
}
