// Processor time of a process as the kernel counts it (Linux).
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of all threads of this process, in milliseconds. */
export function cpuMs (pid) {
  const tasks = `/proc/${pid}/task`
  const spent = thread => Number(readFileSync(join(tasks, thread, 'schedstat'), 'utf8').split(' ')[0])
  return readdirSync(tasks).reduce((sum, thread) => sum + spent(thread), 0) / 1e6
}
