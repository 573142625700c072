import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const directory = fileURLToPath(new URL("systemd", import.meta.url));
/** On the scale of `systemd-analyze security`: 0 is closed, 10 is open. */
const MOST_EXPOSED = 1.5;

for (const role of ["nexus", "keeper", "bootstrap"]) {
  const unit = `${directory}/spike-${role}.service`;

  Deno.test(`the unit of ${role} starts it, and keeps its memory off disks`, async () => {
    const text = await Deno.readTextFile(unit);
    assert.match(text, new RegExp(`^ExecStart=/usr/local/bin/spike ${role}$`, "m"));
    for (const line of ["LimitCORE=0", "MemorySwapMax=0", "UMask=0077", "ProtectSystem=strict"]) {
      assert.ok(text.split("\n").includes(line), line);
    }
  });

  Deno.test(`the unit of ${role} exposes at most ${MOST_EXPOSED} of 10`, async () => {
    const report = await analyze(unit);
    // Only systemd can judge its own units.
    if (report === undefined) return;
    const exposure = /Overall exposure level for .*: ([0-9.]+)/.exec(report)?.[1];
    assert.ok(exposure !== undefined && Number(exposure) <= MOST_EXPOSED, report);
  });
}

async function analyze(unit: string): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await new Deno.Command("systemd-analyze", {
      args: ["security", "--no-pager", "--offline=true", unit],
      env: { SYSTEMD_COLORS: "0", SYSTEMD_EMOJI: "0" },
    }).output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
