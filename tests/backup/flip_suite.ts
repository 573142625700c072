/** Every byte of a backup and of its manifest is changed in turn: each change is found, and its place is told. */
import assert from "node:assert/strict";
import { KEY, startWorld } from "../../lib/backup/_backup_fixture.ts";
import { type BackupFault, verifyBackup } from "../../lib/backup/mod.ts";
import { recordRun } from "../crash/result.ts";

/** The smallest there are: so a whole database is small. */
const PAGE_BYTES = 512;

/** Every how many bytes one is changed; from where on is drawn for each run, unless every one is. */
const STRIDE = Number(Deno.env.get("SPIKE_CORRUPTION_STRIDE") ?? 1);
const START = Math.floor(Math.random() * STRIDE);

/** How a byte is changed: all of its bits, and each of two alone. */
const CHANGES = [0xff, 0x01, 0x80];

/** Changes one byte after the other, and puts each back. */
function flipEach(
  path: string,
  changes: readonly number[],
  judge: (at: number, change: number) => void,
): number {
  const bytes = Deno.readFileSync(path);
  using file = Deno.openSync(path, { write: true });
  const put = (at: number, value: number) => {
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(Uint8Array.of(value));
  };
  let tried = 0;
  for (const [at, value] of bytes.entries()) {
    if (at % STRIDE !== START) continue;
    tried += changes.length;
    for (const change of changes) {
      put(at, value ^ change);
      judge(at, change);
    }
    put(at, value);
  }
  return tried;
}

Deno.test("every changed byte of a backup is found, and the page is named that it is in", async () => {
  await using world = await startWorld({ pageBytes: PAGE_BYTES });
  const file = await world.backUp("a.db");
  const verify = () => verifyBackup({ file, manifest: `${file}.manifest`, keys: [KEY] });
  assert.deepEqual(verify().findings, []);
  let named = 0;
  // One kind of change is enough: what is compared are hashes.
  const tried = flipEach(file, CHANGES.slice(0, 1), (at) => {
    const { findings } = verify();
    const page = Math.floor(at / PAGE_BYTES) + 1;
    assert.equal(findings.length, 1, `byte ${at}`);
    const [{ where }] = findings as [BackupFault];
    assert.match(where, new RegExp(`^page ${page}( \\(.+\\))?$`), `byte ${at}`);
    if (where.includes("(")) named++;
  });
  assert.deepEqual(verify().findings, []);
  recordRun("changed bytes of a backup", {
    "bytes of the database": tried,
    "found, with their page": tried,
    "of these, with table or index, too": named,
    unnoticed: 0,
  });
});

Deno.test("every changed byte of a manifest is found, with a pinned key and without", async () => {
  await using world = await startWorld({ pageBytes: PAGE_BYTES });
  const file = await world.backUp("a.db");
  const manifest = `${file}.manifest`;
  const tried = flipEach(manifest, CHANGES, (at, change) => {
    for (const keys of [{ keys: [KEY] }, {}]) {
      const { findings } = verifyBackup({ file, manifest, ...keys });
      assert.equal(findings[0]?.where, "manifest", `byte ${at} ^ ${change}`);
    }
  });
  recordRun("changed bytes of a manifest", { changes: tried, found: tried, unnoticed: 0 });
});
