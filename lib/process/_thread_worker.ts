/** A thread that starts, hangs or fails on request: for the test of a thread's life. */
import { runThread } from "./thread.ts";

runThread<"well" | "hangs" | "fails">(async (how) => {
  if (how === "hangs") await new Promise(() => {});
  if (how === "fails") throw new Error("cannot start");
  return { stop: () => Promise.resolve() };
});
