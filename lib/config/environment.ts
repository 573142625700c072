import { SpikeError } from "../error/error.ts";

/** Reads one variable as the runtime does; throws `InvalidData` where its bytes are not UTF-8. */
type Read = (name: string) => string | undefined;

/**
 * The environment of this process. The runtime leaves out variables that are not UTF-8; here reading one fails, so that
 * no setting silently falls back to its default.
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
  // A name that no variable can have is a question of the runtime about the object.
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return undefined;
  try {
    read(name);
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.InvalidData)) throw error;
    throw new SpikeError("config_invalid", `Variable ${name} is not valid UTF-8 text`, {
      hint: "Set it again, or unset it",
      // The runtime's own message shows the value.
    });
  }
}
