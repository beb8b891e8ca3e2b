// Processor time of a process as the kernel counts it (Linux).
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of all threads of this process, in milliseconds. */
export const cpuMs = pid => ofThreads(pid, 0)

/** Of the threads on which V8 compiles and collects beside those that run programs, in milliseconds. */
export const v8Ms = pid => ofThreads(pid, 0, 'V8 ')

/** How long threads that could have run had to wait for a core, in milliseconds. */
export const waitedMs = pid => ofThreads(pid, 1)

/** Of those threads whose names begin so. */
function ofThreads (pid, field, name = '') {
  const tasks = `/proc/${pid}/task`
  const read = thread => Number(readFileSync(join(tasks, thread, 'schedstat'), 'utf8').split(' ')[field])
  const isMeant = thread => readFileSync(join(tasks, thread, 'comm'), 'utf8').startsWith(name)
  return readdirSync(tasks).filter(thread => name === '' || isMeant(thread)).reduce((sum, thread) => sum + read(thread), 0) / 1e6
}
