/**
 * The command line: turns commands into calls to Nexus. It holds no secret longer than a command takes and
 * decides nothing about access. Start reading at `program.ts`.
 *
 * @module
 */
export type { DataSink, PilotIo, TextSink } from "./io.ts";
export { runPilot } from "./run.ts";
export { realIo } from "./real_io.ts";
