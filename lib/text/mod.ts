/** @module */
export { holdsControls, isPrintable, printable, printableJson } from "./printable.ts";
