import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import { gcmDecrypt, gcmDecryptBulk, gcmEncrypt, gcmEncryptBulk } from "./gcm.ts";

interface Vector {
  tcId: number;
  comment: string;
  key: string;
  iv: string;
  aad: string;
  msg: string;
  ct: string;
  tag: string;
  result: "valid" | "invalid";
}

/** The vectors are not part of this repository; they are read where `SPIKE_VECTORS` says. */
function load(): Vector[] | undefined {
  const beside = new URL("../../../shared/vectors", import.meta.url).pathname;
  const file = `${process.env["SPIKE_VECTORS"] ?? beside}/wycheproof-aes-256-gcm.json`;
  if (!existsSync(file)) {
    console.log("Wycheproof vectors are absent, set SPIKE_VECTORS to run them");
    return undefined;
  }
  const { testGroups } = JSON.parse(readFileSync(file, "utf8")) as {
    testGroups: { tests: Vector[] }[];
  };
  return testGroups.flatMap((group) => group.tests);
}

Deno.test("Wycheproof's AES-256-GCM tests hold, in place and in bulk", async () => {
  const vectors = load();
  if (vectors === undefined) return;
  assert.ok(vectors.length > 50);
  let run = 0;
  for (const vector of vectors) {
    const hex = (name: "key" | "iv" | "aad" | "msg") => Uint8Array.fromHex(vector[name]);
    const sealed = Uint8Array.fromHex(vector.ct + vector.tag);
    const what = `tcId ${vector.tcId} ${vector.comment}`;
    const [key, iv, aad, msg] = [hex("key"), hex("iv"), hex("aad"), hex("msg")];
    if (vector.result === "valid" && iv.length === 12) {
      assert.deepEqual(gcmDecrypt(key, iv, sealed, aad), msg, what);
      assert.deepEqual(await gcmDecryptBulk(key, iv, sealed, aad), msg, what);
      assert.deepEqual(gcmEncrypt(key, iv, msg, aad), sealed, what);
      assert.deepEqual(await gcmEncryptBulk(key, iv, msg, aad), sealed, what);
    } else {
      // Nonces of other lengths are never made here, so refusing them is right whatever the vector says.
      assert.throws(() => gcmDecrypt(key, iv, sealed, aad), what);
      await assert.rejects(gcmDecryptBulk(key, iv, sealed, aad), what);
    }
    run++;
  }
  assert.equal(run, vectors.length);
});
