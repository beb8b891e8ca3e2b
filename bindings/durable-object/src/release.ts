// Memory of buffers that are done with.

/** Smaller ones are worth no call: V8 collects them when they are many. */
const WORTH_BYTES = 4 << 10

/**
 * Gives the memory of a buffer back now; it has no bytes any more. V8 would let tens of megabytes of them lie before it
 * collects any, since to its eyes they are small objects: a document that is sent would stay in memory until then.
 */
export function release (buffer: ArrayBuffer): void {
  if (buffer.byteLength >= WORTH_BYTES) buffer.transfer(0)
}
