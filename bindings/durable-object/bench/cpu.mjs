// Processor time of a process as the kernel counts it (Linux).
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of all threads of this process, in milliseconds. */
export const cpuMs = pid => ofAllThreads(pid, 0)

/** How long threads that could have run had to wait for a core, in milliseconds. */
export const waitedMs = pid => ofAllThreads(pid, 1)

function ofAllThreads (pid, field) {
  const tasks = `/proc/${pid}/task`
  const read = thread => Number(readFileSync(join(tasks, thread, 'schedstat'), 'utf8').split(' ')[field])
  return readdirSync(tasks).reduce((sum, thread) => sum + read(thread), 0) / 1e6
}
