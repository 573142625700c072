import type { KekInfo } from "../../../lib/client/mod.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";
import { withNexus } from "../session.ts";

/** `spike operator kek list` and `spike operator kek rotate`. */
export async function operatorKek(
  deps: PilotDeps,
  action: "list" | "rotate",
  format: Format,
): Promise<void> {
  const keks = await withNexus(
    deps,
    ({ client }) => action === "list" ? client.listKeks() : client.rotateKek(),
    "superuser",
  );
  const text = format === "human"
    ? keks.map((kek) => `${toLine(kek)}\n`).join("")
    : `${await render(keks, format, 2)}\n`;
  deps.stdout.write(text);
}

function toLine({ generation, state, createdTime, sealings }: KekInfo): string {
  return `Generation ${generation}: ${state}, made ${createdTime}, at most ${sealings} sealings`;
}
