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
 * Authorizes a copy or a move by a caller with `write` on the destination, and answers whether it is blind: the caller
 * has no `read` on the source. See docs/decisions/0021.
 *
 * It discloses nothing: a blind copy needs `write` on both paths and `read` on neither, so the value moves between
 * paths that the caller cannot read.
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
