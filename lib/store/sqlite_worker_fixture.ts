import { openSqlite } from "./sqlite.ts";

/** Test body for a worker with few permissions: writes, reads over a second connection, tries to leave. */
async function useStore(dir: string): Promise<{ paths: readonly string[]; outside: string }> {
  const path = `${dir}/spike.db`;
  const store = openSqlite({ path, mode: "write" });
  await store.write((tx) =>
    tx.putHead({
      path: "from/worker",
      revision: tx.revision,
      current: 0,
      isPurged: false,
      expiresMs: null,
      kekGeneration: 1,
      sealed: new Uint8Array(8),
    })
  );
  await store.forgetRemoved();
  const reader = openSqlite({ path, mode: "read" });
  const paths = (await reader.listPaths({ limit: 9 })).map(({ path }) => path);
  await reader.close();
  await store.close();
  return {
    paths,
    outside: nameOfRefusal(() => openSqlite({ path: "/tmp/spike.db", mode: "write" })),
  };
}

function nameOfRefusal(work: () => unknown): string {
  try {
    work();
    return "none";
  } catch (reason) {
    const cause = reason instanceof Error ? reason.cause : undefined;
    return cause instanceof Error ? cause.name : String(reason);
  }
}

self.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent)) return;
  const [port] = event.ports;
  useStore(String(event.data)).then((answer) => port?.postMessage(answer));
});
