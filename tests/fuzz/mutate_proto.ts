/** Damages protobuf messages by their fields. */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateDer } from "./mutate_der.ts";
import type { Random } from "./random.ts";

interface Field {
  number: number;
  body: Uint8Array;
}

/** A copy in which fields are missing, doubled, moved, renumbered or damaged inside. */
export function mutateProto(message: Uint8Array, random: Random, depth = 0): Uint8Array {
  const fields = read(message);
  if (fields === undefined || random.below(5) === 0) return mutateBytes(message, random);
  for (let edits = 1 + random.below(2); edits > 0; edits--) edit(fields, random, depth);
  return write(fields, random);
}

function edit(fields: Field[], random: Random, depth: number): void {
  const at = random.below(fields.length);
  const field = fields[at];
  if (field === undefined) return void fields.push({ number: 1, body: new Uint8Array() });
  switch (random.below(6)) {
    case 0:
      return void fields.splice(at, 1);
    case 1:
      return void fields.push(field);
    case 2:
      field.number = 1 + random.below(20);
      return;
    case 3:
      field.body = new Uint8Array();
      return;
    case 4:
      field.body = mutateDer(field.body, random);
      return;
    default:
      field.body = depth < 2
        ? mutateProto(field.body, random, depth + 1)
        : mutateBytes(field.body, random);
  }
}

function read(message: Uint8Array): Field[] | undefined {
  const reader = new BinaryReader(message);
  const fields: Field[] = [];
  try {
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (type !== WireType.LengthDelimited) return undefined;
      fields.push({ number, body: reader.bytes().slice() });
    }
  } catch {
    // No message: it is damaged as bytes.
    return undefined;
  }
  return fields.length === 0 ? undefined : fields;
}

function write(fields: readonly Field[], random: Random): Uint8Array {
  const writer = new BinaryWriter();
  for (const { number, body } of fields) {
    if (random.below(60) === 0) writer.tag(number, WireType.Varint).uint64(random.next());
    writer.tag(number, WireType.LengthDelimited).bytes(body);
  }
  return writer.finish();
}
