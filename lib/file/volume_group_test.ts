import assert from "node:assert/strict";
import { type VolumeFacts, volumeGroupOf, type VolumeView } from "./volume_group.ts";

const VOLUME = 2000;

function view(volume: Partial<VolumeFacts> = {}, named: readonly number[] = [0, 50]): VolumeView {
  return {
    stat(path) {
      if (path === "/var/lib/spike") return { uid: 0, gid: VOLUME, dev: 9, ...volume };
      if (path === "/var/lib/spike/data") return { uid: 1000, gid: VOLUME, dev: 9, ...volume };
      return ["/", "/var", "/var/lib"].includes(path) ? { uid: 0, gid: 0, dev: 1 } : undefined;
    },
    groups: () => [50, VOLUME],
    named: () => new Set(named),
  };
}

Deno.test("the group of a volume that root gave to this process alone is its own", () => {
  for (const path of ["/var/lib/spike", "/var/lib/spike/data", "/var/lib/spike/new/data"]) {
    assert.equal(volumeGroupOf(path, view()), VOLUME);
  }
});

Deno.test("a group with a name, of others, of a user's volume or of no volume is not", () => {
  const of = (...facts: Parameters<typeof view>) =>
    volumeGroupOf("/var/lib/spike/new", view(...facts));
  assert.equal(of({}, [VOLUME]), null);
  assert.equal(of({ gid: 3000 }), null);
  assert.equal(of({ uid: 1001 }), null);
  assert.equal(of({ dev: 1 }), null);
  assert.equal(of({ gid: 0 }), null);
});
