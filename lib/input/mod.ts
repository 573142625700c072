/**
 * Strict reading of user input: bounded files, UTF-8 and YAML errors. It never replaces invalid bytes and never shows
 * input in an error. Start reading at `utf8.ts`.
 *
 * @module
 */
export { readFileAtMost } from "./os_bounded_file.ts";
export { decodeUtf8, requireUtf8 } from "./utf8.ts";
export { type YamlFault, yamlFault } from "./yaml_fault.ts";
