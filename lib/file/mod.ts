/**
 * Safe places for files: checks that no other user can replace a directory, a link or an output file. It never reads or
 * writes file content. Start reading at `path_walk.ts`, then `own_place.ts` (directories for secrets) and
 * `output_place.ts` (files named for output).
 *
 * @module
 */
export { findOutput, type OutputPlace } from "./output_place.ts";
export { makeOwnDirectory, requireOwnPlace } from "./own_place.ts";
export {
  absolutePath,
  isSticky,
  isTrusted,
  type PathFacts,
  type PathStep,
  type PathView,
  realPathView,
  walkPath,
} from "./path_walk.ts";
