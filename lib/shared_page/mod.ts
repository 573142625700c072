/**
 * The memory that all threads of a Nexus share: its state, and counters that tell a thread to reload policies and
 * cipher keys or to wipe its keys. The page holds no key itself. Start reading at `page.ts`.
 *
 * @module
 */
export {
  CIPHER_SLOTS,
  KEK_SLOTS,
  type NexusState,
  ROOT_SLOTS,
  SharedPage,
  STATES,
} from "./page.ts";
