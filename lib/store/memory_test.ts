import { storeConformance } from "./conformance.ts";
import { openMemory } from "./memory.ts";

storeConformance("memory", {
  open: () => Promise.resolve(openMemory()),
  openReader: (store) => Promise.resolve({ ...store, close: () => Promise.resolve() }),
  dispose: () => Promise.resolve(),
});
