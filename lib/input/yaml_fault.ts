/** An error of the YAML parser. */
export interface YamlFault {
  /** Code of the `yaml` package, such as `BAD_DQ_ESCAPE`. */
  readonly code: string;
  /** May quote the file. */
  readonly message: string;
}

/** Errors whose message quotes the file, possibly a part of a private key. */
const QUOTING: Readonly<Record<string, string>> = {
  BAD_COLLECTION_TYPE: "Tag does not fit its collection",
  BAD_DIRECTIVE: "Directive is not supported",
  TAG_RESOLVE_FAILED: "Tag is not supported",
};

/** Message of a YAML error without any part of the file. The caller adds line and column. */
export function yamlFault({ code, message }: YamlFault): string {
  if (code === "BAD_DQ_ESCAPE") return /^Invalid escape sequence( \\.)?/.exec(message)?.[0] ?? code;
  // After a colon the parser quotes the file.
  return QUOTING[code] ?? message.replace(/:\s[^]*$/, "");
}
