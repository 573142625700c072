/** Damages DER by its structure: lengths stay right unless they are what is wrong. */
import { mutateBytes } from "./mutate_bytes.ts";
import type { Random } from "./random.ts";

interface Node {
  tag: number;
  /** Bytes before the children, as the count of unused bits of a BIT STRING. */
  prefix: Uint8Array;
  content: Uint8Array | Node[];
}

const NONE = new Uint8Array();
const TAGS = [
  1,
  2,
  3,
  4,
  5,
  6,
  0x0c,
  0x13,
  0x16,
  0x17,
  0x18,
  0x30,
  0x31,
  0x80,
  0x82,
  0x86,
  0xa0,
  0xa3,
];
const MAX_DEPTH = 14;

/** A copy of `der` that is damaged at one to three places of its tree. */
export function mutateDer(der: Uint8Array, random: Random): Uint8Array {
  const tree = parse(der, 0);
  if (tree === undefined || tree.length === 0 || random.below(4) === 0) {
    return mutateBytes(der, random);
  }
  for (let edits = 1 + random.below(3); edits > 0; edits--) edit(random.pick(all(tree)), random);
  return concat(tree.map((node) => encode(node, random)));
}

function all(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) =>
    Array.isArray(node.content) ? [node, ...all(node.content)] : [node]
  );
}

function edit(node: Node, random: Random): void {
  const { content } = node;
  switch (random.below(7)) {
    case 0:
      node.tag = random.pick(TAGS);
      return;
    case 1:
      if (Array.isArray(content) && content.length > 0) {
        content.splice(random.below(content.length), 1);
      }
      return;
    case 2:
      if (Array.isArray(content) && content.length > 0) content.push(random.pick(content));
      return;
    case 3:
      if (Array.isArray(content)) content.reverse();
      return;
    case 4:
      node.content = [{ tag: 0x30, prefix: NONE, content: node.content }];
      return;
    case 5:
      node.content = NONE;
      return;
    default:
      if (!Array.isArray(content)) node.content = mutateBytes(content, random);
  }
}

function parse(bytes: Uint8Array, depth: number): Node[] | undefined {
  const nodes: Node[] = [];
  for (let at = 0; at < bytes.length;) {
    const header = readHeader(bytes, at);
    if (header === undefined || depth > MAX_DEPTH) return undefined;
    const { tag, start, end } = header;
    nodes.push(nodeOf(tag, bytes.subarray(start, end), depth));
    at = end;
  }
  return nodes;
}

function nodeOf(tag: number, body: Uint8Array, depth: number): Node {
  const prefix = tag === 3 ? body.subarray(0, 1) : NONE;
  const inner = body.subarray(prefix.length);
  const isNested = (tag & 0x20) !== 0 || tag === 3 || tag === 4;
  const children = isNested && inner.length > 1 ? parse(inner, depth + 1) : undefined;
  return { tag, prefix, content: children ?? inner };
}

function readHeader(bytes: Uint8Array, at: number) {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) return undefined;
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (count > 3) return undefined;
  let length = first < 0x80 ? first : 0;
  for (let i = 0; i < count; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0);
  const start = at + 2 + count;
  return start + length > bytes.length ? undefined : { tag, start, end: start + length };
}

function encode({ tag, prefix, content }: Node, random: Random): Uint8Array {
  const inner = Array.isArray(content)
    ? concat(content.map((child) => encode(child, random)))
    : content;
  const size = prefix.length + inner.length;
  // Now and then a length that lies.
  const length = lengthBytes(random.below(400) === 0 ? random.below(70_000) : size);
  return concat([new Uint8Array([tag, ...length]), prefix, inner]);
}

function lengthBytes(size: number): number[] {
  if (size < 0x80) return [size];
  if (size < 0x100) return [0x81, size];
  if (size < 0x10000) return [0x82, size >> 8, size & 0xff];
  return [0x83, size >> 16, (size >> 8) & 0xff, size & 0xff];
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
