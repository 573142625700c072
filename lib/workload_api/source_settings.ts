import { parseEndpoint } from "./endpoint.ts";
import type { IdentityFiles } from "../spiffe/file_source.ts";

/** Where an identity comes from; files, when given, take the place of the Workload API. */
export interface SourceSettings {
  readonly endpointSocket: string;
  readonly svidHint?: string;
  readonly svidFiles?: IdentityFiles;
}

/** What a thread needs to be permitted so that it can open the source. */
export interface SourcePermissions {
  readonly net: string[];
  readonly read: string[];
  readonly write: string[];
}

/** The permissions that `openSource` needs, and no more. Connecting to a unix socket takes three. */
export function permissionsOf(place: SourceSettings): SourcePermissions {
  if (place.svidFiles) return { net: [], read: Object.values(place.svidFiles), write: [] };
  const endpoint = parseEndpoint(place.endpointSocket);
  if (endpoint.kind === "tcp") {
    const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
    return { net: [`${host}:${endpoint.port}`], read: [], write: [] };
  }
  return { net: [`unix:${endpoint.path}`], read: [endpoint.path], write: [endpoint.path] };
}
