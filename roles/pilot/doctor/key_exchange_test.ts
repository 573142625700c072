import assert from "node:assert/strict";
import { isPostQuantum, readChoice, readOffer } from "./key_exchange.ts";

/** The first message of this runtime's client, as it was sent. */
const CLIENT_HELLO = [
  "16030100d9010000d5030312c78f7d410e3892346889e0e0a153580af7856978601ae6038b7632d0c1ba5c206e",
  "d8807f9f38e9b2dd83d2a6373bb4dd9a2075012fae6586e8b1cf6c35af0f900014130213011303c02cc02bcca9",
  "c030c02fcca800ff0100007800230000003300260024001d00204762f96495c30feb91ff9a3e45d682a9257e48",
  "ac443bc8c3edede9c5cecf4f79000b00020100000a000a0008001d0017001811ec00170000002b000504030403",
  "03000d001600140503040306030807080608050804060105010401002d00020101000500050100000000",
].join("");

Deno.test("the first message of a client says which groups it offers, and of which it sends a key", () => {
  assert.deepEqual(readOffer(Uint8Array.fromHex(CLIENT_HELLO)), {
    groups: ["x25519", "secp256r1", "secp384r1", "X25519MLKEM768"],
    keys: ["x25519"],
  });
});

/** A ServerHello as in RFC 8446 section 4.1.3, with the extensions that a choice needs. */
function serverHello(random: string, extensions: string): Uint8Array {
  const listed = (hex: string, width: number) =>
    (hex.length / 2).toString(16).padStart(width * 2, "0") + hex;
  const body = `0303${random}00130200${listed(extensions, 2)}`;
  return Uint8Array.fromHex(`160303${listed(`02${listed(body, 3)}`, 2)}`);
}

const RETRY = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";

Deno.test("the first message of a server says which group it chose, or asks for", () => {
  const random = "07".repeat(32);
  assert.deepEqual(readChoice(serverHello(random, "002b00020304003300040017aaaa")), {
    group: "secp256r1",
    isRetry: false,
  });
  assert.deepEqual(readChoice(serverHello(RETRY, "00330002" + "11ec002b00020304")), {
    group: "X25519MLKEM768",
    isRetry: true,
  });
  assert.deepEqual(readChoice(serverHello(RETRY, "003300020999")), {
    group: "0x0999",
    isRetry: true,
  });
  assert.equal(readChoice(serverHello(random, "")), undefined, "TLS 1.2 has no such extension");
});

Deno.test("bytes that are cut, alerts and anything else are nothing", () => {
  const hello = Uint8Array.fromHex(CLIENT_HELLO);
  for (let length = 0; length < hello.length; length++) {
    assert.equal(readOffer(hello.subarray(0, length)), undefined);
  }
  assert.equal(readChoice(hello), undefined);
  const answer = serverHello(RETRY, "0033000211ec");
  assert.equal(readOffer(answer), undefined);
  for (let length = 0; length < answer.length; length++) {
    assert.equal(readChoice(answer.subarray(0, length)), undefined);
  }
  assert.equal(readChoice(Uint8Array.of(21, 3, 3, 0, 2, 2, 40)), undefined);
});

Deno.test("groups with ML-KEM are post-quantum, others are not", () => {
  assert(isPostQuantum("X25519MLKEM768") && isPostQuantum("SecP256r1MLKEM768"));
  assert(!isPostQuantum("x25519") && !isPostQuantum("0x0100"));
});
