import { denied } from "../../../lib/access/authorize.ts";
import { routeOf } from "../../../lib/api/mod.ts";
import type { SpiffeId } from "../../../lib/spiffe/mod.ts";
import type { Access } from "./access.ts";

/** A copy or a move from one path to another. */
export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly isMove: boolean;
}

/**
 * Judges a copy or a move by a caller that may write the destination, and answers whether it is blind: done by
 * somebody who may not read what it copies. See docs/decisions/0021.
 *
 * Nobody comes to read anything by it: a blind copy is for those who may write both paths and read neither, so
 * that what is copied goes from one place that they cannot look into to another.
 */
export async function judgeTransfer(
  access: Access,
  id: SpiffeId,
  { from, to, isMove }: Transfer,
): Promise<boolean> {
  const mayRead = (path: string) => access.allows(id, routeOf("secret.get"), path);
  const mayWrite = (path: string) => access.allows(id, routeOf("secret.put"), path);
  const isBlind = !await mayRead(from);
  if ((isMove || isBlind) && !await mayWrite(from)) throw denied(id);
  if (isBlind && await mayRead(to)) throw denied(id);
  return isBlind;
}
