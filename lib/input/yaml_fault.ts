/** What the parser of YAML found wrong. */
interface Fault {
  readonly code: string;
  readonly message: string;
}

/** Those that the parser describes with a piece of the file, which may be of a private key. */
const QUOTING: Readonly<Record<string, string>> = {
  BAD_COLLECTION_TYPE: "Tag does not fit its collection",
  BAD_DIRECTIVE: "Directive is not supported",
  TAG_RESOLVE_FAILED: "Tag is not supported",
};

/** What is wrong with YAML, without a piece of the file; the place is given beside it. */
export function yamlFault({ code, message }: Fault): string {
  if (code === "BAD_DQ_ESCAPE") return /^Invalid escape sequence( \\.)?/.exec(message)?.[0] ?? code;
  // After a colon the parser quotes the file.
  return QUOTING[code] ?? message.replace(/:\s[^]*$/, "");
}
