// A process under measurement: its processor time and memory as the kernel counts them (Linux).
import { readFileSync, writeFileSync } from 'node:fs'
import { cpuMs, v8Ms, waitedMs } from './cpu.mjs'

// A script may put a clock of its own in the place of this one.
const { setTimeout } = globalThis
export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

/** So long nothing happens in the process once it has done an operation, and so little processor time is nothing. */
const QUIET_MS = 30
const IDLE_MS = 0.5

/** One that a subclass starts as `child`. */
export class Measured {
  /** Processor time of all threads, in milliseconds. */
  get cpuMs () { return cpuMs(this.child.pid) }

  /** That of it which V8 takes on threads of its own, in milliseconds. */
  get v8Ms () { return v8Ms(this.child.pid) }

  /** How long its threads have waited for a core, in milliseconds. */
  get waitedMs () { return waitedMs(this.child.pid) }

  /** Resident memory in MB. */
  get megabytes () { return this.#status('VmRSS') }

  /** The most that was resident since `forgetPeak`, in MB. */
  get peakMegabytes () { return this.#status('VmHWM') }

  forgetPeak () { writeFileSync(`/proc/${this.child.pid}/clear_refs`, '5') }

  /** Waits until nothing happens any more. */
  async quiet () {
    for (let last = -Infinity; this.cpuMs - last > IDLE_MS;) {
      last = this.cpuMs
      await sleep(QUIET_MS)
    }
  }

  /** Sends it a signal, and waits until it has ended; it may have by itself. */
  async kill (signal = 'SIGKILL') {
    const { exitCode, signalCode } = this.child
    if (exitCode !== null || signalCode !== null) return
    const ended = new Promise(resolve => this.child.once('exit', resolve))
    this.child.kill(signal)
    await ended
  }

  #status (field) {
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))[1]) / 1024
  }
}
