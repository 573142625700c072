/** An input that once broke a parser, or told two of them apart. */
export interface Finding {
  readonly target: string;
  readonly hex: string;
  readonly what: string;
}

/** What runs have found; each stays a test. */
export const FINDINGS: readonly Finding[] = [
  {
    target: "wire",
    hex:
      "05504f5354202f76312f73746f72652f736563726574733f616374696f6e3d67657420485454502f312e310d0a686f73743a0d0a653a0d0a636f6e74656e742d6c656e6774683a33350d0a69662d6e6f6e652d6d617463683a2a0d0a0d0a7b2270617468223a227661756c742f63616e617279222c2256455253494f4e223a307d",
    what:
      "a read under a condition whose answer has no body, which the reader of these tests awaited",
  },
];
