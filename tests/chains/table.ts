import { BAD_CHAINS, type BadChain } from "./bad_chain.ts";

/** The chains that the tests try, as a table of the documentation. */
export function chainTable(): string {
  const overTls = BAD_CHAINS.filter(({ isUnsendable }) => !isUnsendable).length;
  return [
    `${BAD_CHAINS.length} chains; ${overTls} of them are sent over TLS to a server and to a client.`,
    "",
    "| Chain | Why it must be refused | Reason in the log | Tried at |",
    "| --- | --- | --- | --- |",
    ...BAD_CHAINS.map(rowOf),
    "",
  ].join("\n");
}

function rowOf({ name, why, reason, isUnsendable }: BadChain): string {
  const where = isUnsendable
    ? "the verifier: the runtime does not send it"
    : "verifier, server, client";
  return `| ${name} | ${why} | \`${reason}\` | ${where} |`;
}
