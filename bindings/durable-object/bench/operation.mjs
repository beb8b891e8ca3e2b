// One operation of a workerd under measurement, to its end.
import { sleep } from './process.mjs'

/** So long nothing happens in workerd once it has done an operation, and so little processor time is nothing. */
const QUIET_MS = 30
const IDLE_MS = 0.5

/** How long the processes have run and waited for a core in all operations, in milliseconds. */
export const load = { ran: 0, waited: 0 }

/** Does something, until nothing follows from it any more: processor time, and the handlers that it called. */
export async function operation (host, work) {
  await quiet(host)
  await host.ask('calls')
  const [before, waited] = [host.cpuMs, host.waitedMs]
  const bytes = await work()
  await quiet(host)
  const cpuMs = host.cpuMs - before
  load.ran += cpuMs
  load.waited += host.waitedMs - waited
  const calls = await host.ask('calls')
  const { handler, ms } = longestOf(calls)
  // By the clock it may have waited for a core; it can't have run for longer than all together.
  return { cpuMs, bytes, calls: calls.length, longest: { handler, ms: Math.min(ms, cpuMs) } }
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
