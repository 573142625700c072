/** Publishes one keyring after another, each recognisable by its number: for the test of torn reads. */
import { KEK_SLOTS, SharedPage } from "./page.ts";

declare const self: {
  onmessage: (event: MessageEvent<SharedArrayBuffer>) => void;
  postMessage(message: string): void;
};

self.onmessage = ({ data }) => {
  const page = new SharedPage(data);
  for (let kek = 1; kek <= 20_000; kek++) {
    const storeId = new Uint8Array(16).fill(kek & 0xff);
    page.publish({ storeId, currentKek: kek, slots: Array<number>(KEK_SLOTS).fill(kek) });
  }
  self.postMessage("done");
};
