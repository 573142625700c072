/**
 * Freezes every byte format of this folder: what an earlier version wrote must be read for ever, and what is
 * deterministic must come out the same. A changed entry is a broken installation, not an outdated test.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { open } from "./aead.ts";
import { deriveKey, deriveVerifyKey, keyCheckValue, LABEL } from "./derive.ts";
import {
  openRecord,
  openValue,
  sealRecord,
  sealValue,
  unwrapDataKey,
  unwrapKek,
  wrapDataKey,
  wrapKek,
} from "./keyring.ts";
import { gcmEncrypt } from "./gcm.ts";
import { osRandom } from "./os_random.ts";
import { placeAad, type SealBinding, type Table, valueAad } from "./place.ts";
import { answerProbe, makeProbe } from "./probe.ts";
import { encodeTuple } from "./tuple.ts";

interface Golden {
  inputs: { root: string; storeId: string; setId: string; nonce: string };
  keys: Record<string, string>;
  keyCheck: string;
  tuple: string;
  kek: { generation: number; key: string; aad: string; wrapped: string };
  dataKey: { place: GoldenPlace; key: string; aad: string; wrapped: string };
  records: { place: GoldenPlace; text: string; aad: string; sealed: string }[];
  value: { place: GoldenPlace; key: string; text: string; aad: string; sealed: string };
  probe: { random: string; nonce: string; ciphertext: string; hash: string };
}
type GoldenPlace = { table: Table; path: string; version: number; kekGeneration: number };

const file = new URL("../../tests/golden/seal.json", import.meta.url);
const golden = JSON.parse(readFileSync(file, "utf8")) as Golden;
const bytes = (hex: string) => Uint8Array.fromHex(hex);
const text = (words: string) => new TextEncoder().encode(words);
const root = bytes(golden.inputs.root);
const storeId = bytes(golden.inputs.storeId);
const setId = bytes(golden.inputs.setId);
/** What sealing writes where its nonce is that of the golden file. */
function sealedWith(key: Uint8Array, plaintext: Uint8Array, aad: string): string {
  const nonce = bytes(golden.inputs.nonce);
  return Uint8Array.of(1, ...nonce, ...gcmEncrypt(key, nonce, plaintext, bytes(aad))).toHex();
}

const at = (place: GoldenPlace): SealBinding => ({ storeId, ...place });

Deno.test("derived keys and the key check are frozen", () => {
  const keys = Object.values(LABEL).map((
    label,
  ) => [label, deriveKey(root, storeId, label).toHex()]);
  assert.deepEqual(Object.fromEntries(keys), golden.keys);
  assert.equal(keyCheckValue(root, storeId).toHex(), golden.keyCheck);
});

Deno.test("the tuple encoding is frozen", () => {
  const fields = [1, "text", bytes("00ff"), 2n ** 64n - 1n, "", new Uint8Array(0)];
  assert.equal(encodeTuple(fields).toHex(), golden.tuple);
});

Deno.test("wrapped KEKs are frozen", () => {
  const { generation, key, aad, wrapped } = golden.kek;
  const storageKey = bytes(golden.keys["storage"] ?? "");
  const place = { table: "kek", path: "", version: 0, kekGeneration: generation } as const;
  assert.equal(placeAad("kek", at(place)).toHex(), aad);
  assert.equal(unwrapKek(storageKey, storeId, generation, bytes(wrapped)).toHex(), key);
  assert.equal(sealedWith(storageKey, bytes(key), aad), wrapped);
  const again = wrapKek(storageKey, storeId, generation, bytes(key), osRandom);
  assert.equal(unwrapKek(storageKey, storeId, generation, again).toHex(), key);
});

Deno.test("wrapped data keys are frozen", () => {
  const kek = bytes(golden.kek.key);
  const { key, aad, wrapped } = golden.dataKey;
  const place = at(golden.dataKey.place);
  assert.equal(placeAad("data-key", place).toHex(), aad);
  assert.equal(unwrapDataKey(kek, place, bytes(wrapped)).toHex(), key);
  assert.equal(sealedWith(kek, bytes(key), aad), wrapped);
  const again = wrapDataKey(kek, place, bytes(key), osRandom);
  assert.equal(open(kek, again, bytes(aad)).toHex(), key);
});

Deno.test("sealed records of every table are frozen", () => {
  const kek = bytes(golden.kek.key);
  for (const record of golden.records) {
    const place = at(record.place);
    assert.equal(placeAad("record", place).toHex(), record.aad);
    assert.deepEqual(openRecord(kek, place, bytes(record.sealed)), text(record.text));
    assert.equal(sealedWith(kek, text(record.text), record.aad), record.sealed);
    const again = sealRecord(kek, place, text(record.text), osRandom);
    assert.deepEqual(open(kek, again, bytes(record.aad)), text(record.text));
  }
});

Deno.test("sealed values are frozen", () => {
  const { key, aad, sealed } = golden.value;
  const place = at(golden.value.place);
  assert.equal(valueAad(place).toHex(), aad);
  assert.deepEqual(openValue(bytes(key), place, bytes(sealed)), text(golden.value.text));
  assert.equal(sealedWith(bytes(key), text(golden.value.text), aad), sealed);
  const again = sealValue(bytes(key), place, text(golden.value.text), osRandom);
  assert.deepEqual(open(bytes(key), again, bytes(aad)), text(golden.value.text));
});

Deno.test("Bootstrap's proof is frozen", () => {
  const key = deriveVerifyKey(root, setId);
  const { random, nonce, ciphertext, hash } = golden.probe;
  assert.equal(answerProbe([root, key], bytes(nonce), bytes(ciphertext)), hash);
  const plaintext = text(random);
  assert.equal(gcmEncrypt(key, bytes(nonce), plaintext, new Uint8Array(0)).toHex(), ciphertext);
  assert.equal(makeProbe(key, () => bytes(random)).expectedHash, hash);
});
