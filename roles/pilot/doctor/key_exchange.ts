import { connect } from "node:net";

/** Groups of a TLS handshake by their numbers (RFC 8446 section 4.2.7, draft-ietf-tls-ecdhe-mlkem). */
export const GROUPS = {
  secp256r1: 0x0017,
  secp384r1: 0x0018,
  x25519: 0x001d,
  SecP256r1MLKEM768: 0x11eb,
  X25519MLKEM768: 0x11ec,
} as const;

/** The name of a known group. */
export type GroupName = keyof typeof GROUPS;

/**
 * What clients of this runtime offer, most wanted first; they send a key of the first one only, and no option
 * changes that. A test compares this with the bytes that the runtime sends.
 */
export const OFFERED: readonly GroupName[] = ["x25519", "secp256r1", "secp384r1", "X25519MLKEM768"];

/** Whether what was recorded today stays closed to a quantum computer of tomorrow. */
export function isPostQuantum(group: string): boolean {
  return group.includes("MLKEM");
}

/** What the first message of a handshake says of key exchange. */
export interface Offer {
  /** Most wanted first; one that is not known as `0x` and four hex digits. */
  readonly groups: readonly string[];
  /** Groups of which a key was sent along. */
  readonly keys: readonly string[];
}

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const SUPPORTED_GROUPS = 10;
const SIGNATURE_ALGORITHMS = 13;
const SUPPORTED_VERSIONS = 43;
const KEY_SHARE = 51;
const TLS_1_3 = 0x0304;
/** As in RFC 8446 section 4.1.3: a retry request is a ServerHello with the hash of its name as its random. */
const RETRY_RANDOM = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";

/** Reads a ClientHello in its first record; undefined when these bytes are none. */
export function readOffer(bytes: Uint8Array): Offer | undefined {
  return reading(bytes, CLIENT_HELLO, (reader) => {
    reader.take(2 + 32);
    reader.take(reader.number(1));
    reader.take(reader.number(2));
    reader.take(reader.number(1));
    const extensions = readExtensions(reader);
    const groups = new Reader(extensions.get(SUPPORTED_GROUPS) ?? EMPTY_LIST);
    const shares = new Reader(extensions.get(KEY_SHARE) ?? EMPTY_LIST);
    return { groups: readGroups(groups), keys: readShares(shares) };
  });
}

/** Reads which group a ServerHello or a retry request chose; undefined when these bytes are neither or of TLS 1.2. */
export function readChoice(bytes: Uint8Array): { group: string; isRetry: boolean } | undefined {
  return reading(bytes, SERVER_HELLO, (reader) => {
    reader.take(2);
    const isRetry = reader.take(32).toHex() === RETRY_RANDOM;
    reader.take(reader.number(1));
    reader.take(2 + 1);
    const share = readExtensions(reader).get(KEY_SHARE);
    return share && { group: groupName(new Reader(share).number(2)), isRetry };
  });
}

const EMPTY_LIST = new Uint8Array(2);

/** Walks over bytes; throws a RangeError at their end. */
class Reader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new RangeError("These bytes end too early");
    return this.bytes.subarray(this.#at, this.#at += length);
  }

  number(length: number): number {
    return this.take(length).reduce((value, byte) => value * 256 + byte, 0);
  }
}

function reading<T>(
  bytes: Uint8Array,
  kind: number,
  read: (reader: Reader) => T | undefined,
): T | undefined {
  try {
    const record = new Reader(bytes);
    if (record.number(1) !== HANDSHAKE) return undefined;
    record.take(2);
    const message = new Reader(record.take(record.number(2)));
    if (message.number(1) !== kind) return undefined;
    return read(new Reader(message.take(message.number(3))));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readExtensions(reader: Reader): Map<number, Uint8Array> {
  const list = new Reader(reader.take(reader.number(2)));
  const extensions = new Map<number, Uint8Array>();
  while (list.left > 0) extensions.set(list.number(2), list.take(list.number(2)));
  return extensions;
}

function readGroups(reader: Reader): string[] {
  const list = new Reader(reader.take(reader.number(2)));
  const groups: string[] = [];
  while (list.left > 0) groups.push(groupName(list.number(2)));
  return groups;
}

function readShares(reader: Reader): string[] {
  const list = new Reader(reader.take(reader.number(2)));
  const groups: string[] = [];
  while (list.left > 0) {
    groups.push(groupName(list.number(2)));
    list.take(list.number(2));
  }
  return groups;
}

function groupName(number: number): string {
  const known = Object.entries(GROUPS).find(([, value]) => value === number)?.[0];
  return known ?? `0x${number.toString(16).padStart(4, "0")}`;
}

/** A server to be asked. */
export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs?: number;
  /** What to offer. Default: what clients of this runtime offer. */
  readonly offer?: readonly GroupName[];
}

/**
 * Asks a server which group it would choose, since the runtime does not tell what a connection uses. It sends the
 * first message of a handshake of TLS 1.3 and reads the first of the answer; then it hangs up. A server logs that
 * as a handshake that failed. Undefined when the server gives no answer of TLS 1.3.
 */
export function probeKeyExchange(target: ProbeTarget): Promise<string | undefined> {
  const { host, port, timeoutMs = 3_000, offer = OFFERED } = target;
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let answer = new Uint8Array();
    const finish = (group?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(group);
    };
    const timer = setTimeout(finish, timeoutMs);
    socket.once("connect", () => socket.write(clientHello(offer)));
    socket.on("data", (chunk: Uint8Array) => {
      const joined = new Uint8Array(answer.length + chunk.length);
      joined.set(answer);
      joined.set(chunk, answer.length);
      answer = joined;
      const choice = readChoice(answer);
      if (choice || answer.length > 16_384) finish(choice?.group);
    });
    socket.once("error", () => finish());
    socket.once("close", () => finish());
  });
}

/** The first message of a handshake, with a key for x25519 only when that is the most wanted group. */
function clientHello(offer: readonly GroupName[]): Uint8Array {
  const random = () => [...crypto.getRandomValues(new Uint8Array(32))];
  const shares = offer[0] === "x25519" ? [...two(GROUPS.x25519), ...listed(random())] : [];
  const extensions = [
    ...extension(SUPPORTED_GROUPS, listed(offer.flatMap((name) => two(GROUPS[name])))),
    // ECDSA with P-256 and P-384, RSA-PSS, Ed25519.
    ...extension(
      SIGNATURE_ALGORITHMS,
      listed([0x0403, 0x0503, 0x0804, 0x0805, 0x0807].flatMap(two)),
    ),
    ...extension(SUPPORTED_VERSIONS, [2, ...two(TLS_1_3)]),
    ...extension(KEY_SHARE, listed(shares)),
  ];
  const suites = [0x1302, 0x1301, 0x1303].flatMap(two);
  const body = [3, 3, ...random(), 32, ...random(), ...listed(suites), 1, 0, ...listed(extensions)];
  return Uint8Array.of(HANDSHAKE, 3, 1, ...listed([CLIENT_HELLO, 0, ...listed(body)]));
}

function two(value: number): number[] {
  return [value >> 8, value & 0xff];
}

/** Bytes with their number in two bytes in front. */
function listed(bytes: readonly number[]): number[] {
  return [...two(bytes.length), ...bytes];
}

function extension(kind: number, bytes: readonly number[]): number[] {
  return [...two(kind), ...listed(bytes)];
}
