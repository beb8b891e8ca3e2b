// Calls of handlers, each a request of its own, and how long each took by the clock, which in workerd goes on meanwhile.

const calls: { handler: string, ms: number }[] = []
const MOST = 100_000

export function note (handler: string, begun: number): void {
  if (calls.length < MOST) calls.push({ handler, ms: performance.now() - begun })
}

export function timed (handler: string, call: () => void): void {
  const begun = performance.now()
  try { call() } finally { note(handler, begun) }
}

/** Those since it was asked last. */
export const take = () => calls.splice(0)
