import { SpikeError } from "../error/error.ts";

/** Reads one variable as the runtime does; throws `InvalidData` where its bytes are not UTF-8. */
type Read = (name: string) => string | undefined;

/**
 * The environment of this process. The runtime omits variables that are not UTF-8; here reading one fails, so that no
 * setting silently falls back to its default.
 *
 * @throws {SpikeError} reading a variable throws `config_invalid` where its bytes are not UTF-8
 */
export function readEnvironment(
  whole: Readonly<Record<string, string>> = Deno.env.toObject(),
  read: Read = (name) => Deno.env.get(name),
): Record<string, string> {
  return new Proxy({ ...whole }, {
    get: (variables, name, self) =>
      typeof name === "string" && !Object.hasOwn(variables, name)
        ? readMissing(name, read)
        : Reflect.get(variables, name, self),
  });
}

function readMissing(name: string, read: Read): undefined {
  // The runtime itself reads other names, such as `toString`.
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return undefined;
  try {
    read(name);
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    throw new SpikeError("config_invalid", `Variable ${name} is not valid UTF-8 text`, {
      hint: "Set it to valid UTF-8, or unset it",
      // No cause: the message of the runtime contains the value.
    });
  }
}
