import { posix } from "node:path";
import process from "node:process";
import { absolutePath } from "./path_walk.ts";

/** What a directory is, links followed. */
export interface VolumeFacts {
  readonly uid: number;
  readonly gid: number;
  /** Number of the file system. */
  readonly dev: number;
}

/** How this machine is asked. */
export interface VolumeView {
  /** Undefined when there is nothing, or nothing that may be looked at. */
  stat(path: string): VolumeFacts | undefined;
  /** Groups that this process is in. */
  groups(): readonly number[];
  /** Groups that have a name on this machine, and so perhaps other members. */
  named(): ReadonlySet<number>;
}

/**
 * The group to which an orchestrator gives a mounted volume so that one container may write there, as `fsGroup` of
 * Kubernetes does: the volume belongs to root, the group is one of this process, and it has no name here. Nobody but
 * this container is in it, so that a directory which it may write is not one that others may write.
 */
export function volumeGroupOf(path: string, view: VolumeView = realVolumeView()): number | null {
  for (let at = posix.normalize(absolutePath(path)); at !== "/"; at = posix.dirname(at)) {
    const facts = view.stat(at);
    const above = view.stat(posix.dirname(at));
    if (!facts || !above || facts.dev === above.dev) continue;
    const isAlone = view.groups().includes(facts.gid) && !view.named().has(facts.gid);
    return facts.uid === 0 && facts.gid !== 0 && isAlone ? facts.gid : null;
  }
  return null;
}

function realVolumeView(): VolumeView {
  return {
    stat(path) {
      try {
        const { uid, gid, dev } = Deno.statSync(path);
        return { uid: uid ?? 0, gid: gid ?? 0, dev };
      } catch {
        return undefined;
      }
    },
    // The supplementary groups too, since those are how an orchestrator lets a container in.
    groups: () => [Deno.gid() ?? 0, ...process.getgroups?.() ?? []],
    named: () =>
      new Set(readText("/etc/group").split("\n").map((line) => Number(line.split(":")[2]))),
  };
}

/** Empty where there is no such file, as on other systems. */
function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
