// A workerd under measurement: its processor time and memory as the kernel counts them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../build.mjs'
import { startWorkerd } from '../workerd.mjs'
import { cpuMs, waitedMs } from './cpu.mjs'

// A script may put a clock of its own in the place of this one.
const { setTimeout } = globalThis
export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

export class Process {
  /** Starts a Worker whose source this is, with these variables in its environment. */
  static async start (entry, unsafe = true, variables = {}) {
    const started = new Process()
    started.variables = variables
    started.folder = mkdtempSync(join(tmpdir(), 'merganser-bench-'))
    await bundle(entry, join(started.folder, 'worker'))
    started.unsafe = unsafe
    await started.run()
    return started
  }

  async run () {
    const { folder, unsafe, variables } = this
    const { child, listening } = await startWorkerd({ folder: join(folder, 'worker'), data: join(folder, 'data'), unsafe, variables, output: 'ignore' })
    this.child = child
    // Should the measurement fail, it ends with it.
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    this.port = await listening
    await sleep(300)
  }

  async restart () {
    await this.#kill()
    await this.run()
  }

  /** Puts all objects out of memory. So much time has then passed for them, where they go by a clock of their own. */
  async evict (ms = 0) {
    await this.ask(`evict?ms=${ms}`)
    await sleep(60)
  }

  /** Asks the part of the Worker that is there for measurements and tests. */
  async ask (path) {
    return (await fetch(`http://127.0.0.1:${this.port}/test/${path}`)).json()
  }

  /** Processor time of all threads, in milliseconds. */
  get cpuMs () { return cpuMs(this.child.pid) }

  /** How long its threads have waited for a core, in milliseconds. */
  get waitedMs () { return waitedMs(this.child.pid) }

  /** Resident memory in MB. */
  get megabytes () { return this.#status('VmRSS') }

  /** The most that was resident since `forgetPeak`, in MB. */
  get peakMegabytes () { return this.#status('VmHWM') }

  forgetPeak () { writeFileSync(`/proc/${this.child.pid}/clear_refs`, '5') }

  #status (field) {
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))[1]) / 1024
  }

  async #kill () {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = new Promise(resolve => this.child.once('exit', resolve))
    this.child.kill('SIGKILL')
    await ended
  }

  async end () {
    await this.#kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
