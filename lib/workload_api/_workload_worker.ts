/** Opens a Workload API source inside a worker and posts what came of it: for the test of permissions. */
import { parseEndpoint } from "./endpoint.ts";
import { openWorkloadSource } from "./source.ts";

declare const self: {
  onmessage: (event: MessageEvent<string>) => void;
  postMessage(message: string): void;
};

self.onmessage = async ({ data: address }) => {
  const source = openWorkloadSource(parseEndpoint(address));
  const outcome = await source.ready(10_000).then(({ svid }) => svid.id, String);
  await source.close();
  self.postMessage(outcome);
};
