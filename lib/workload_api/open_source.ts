import { parseEndpoint } from "./endpoint.ts";
import { openFileSource } from "../spiffe/file_source.ts";
import type { SourceSettings } from "./source_settings.ts";
import type { SvidSource } from "../spiffe/source.ts";
import { openWorkloadSource } from "./source.ts";

/** Opens the source that the settings name. `log` hears why there is no identity yet, once per change. */
export function openSource(place: SourceSettings, log: (reason: string) => void): SvidSource {
  if (place.svidFiles) return openFileSource(place.svidFiles, { log });
  const hint = place.svidHint === undefined ? {} : { hint: place.svidHint };
  return openWorkloadSource(parseEndpoint(place.endpointSocket), { log, ...hint });
}
