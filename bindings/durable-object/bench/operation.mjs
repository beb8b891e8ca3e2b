// One operation of a workerd under measurement, to its end.
import { sleep } from './process.mjs'

/** So long nothing happens in workerd once it has done an operation, and so little processor time is nothing. */
const QUIET_MS = 30
const IDLE_MS = 0.5

/** How long the processes have run and waited for a core in all operations, in milliseconds. */
export const load = { ran: 0, waited: 0 }

/**
 * Does something, until nothing follows from it any more: processor time, and that of V8's own threads in it, the handlers
 * that it called, and the units of work that the `room` counted, if it is one that does. `isAsleep` says that nothing is to wake it before.
 */
export async function operation (host, work, { room, isAsleep = false } = {}) {
  const unitsBefore = room && !isAsleep ? await unitsOf(host, room) : 0
  await quiet(host)
  await host.ask('calls')
  const [before, waited, v8Before] = [host.cpuMs, host.waitedMs, host.v8Ms]
  const bytes = await work()
  await quiet(host)
  const cpuMs = host.cpuMs - before
  const v8Ms = host.v8Ms - v8Before
  load.ran += cpuMs
  load.waited += host.waitedMs - waited
  const calls = await host.ask('calls')
  const { handler, ms } = longestOf(calls)
  const units = room ? await unitsOf(host, room) - unitsBefore : NaN
  // By the clock it may have waited for a core; it can't have run for longer than all together.
  return { cpuMs, v8Ms, units, bytes, calls: calls.length, longest: { handler, ms: Math.min(ms, cpuMs) } }
}

/** What the document has counted since it is in memory, in a host that does. */
export async function unitsOf (host, room) {
  if (!host.countsUnits) return NaN
  const response = await fetch(`http://127.0.0.1:${host.port}/api/metrics/${room}`)
  return response.ok ? (await response.json()).room?.units ?? NaN : NaN
}

/** Until it does nothing any more: collecting garbage may go on after an operation. */
export async function quiet (host) {
  for (let last = -Infinity; host.cpuMs - last > IDLE_MS;) {
    last = host.cpuMs
    await sleep(QUIET_MS)
  }
}

/** The call that took longest by the clock. */
export function longestOf (calls) {
  return calls.reduce((longest, call) => call.ms > longest.ms ? call : longest, { handler: '', ms: 0 })
}
