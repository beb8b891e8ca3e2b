// A workerd under measurement.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../build.mjs'
import { startWorkerd } from '../workerd.mjs'
import { Measured, sleep } from './measured.mjs'

export { sleep }

export class Process extends Measured {
  /** Of workerd's command line. */
  options = []

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
    const { folder, unsafe, variables, options } = this
    const { child, listening } = await startWorkerd({ folder: join(folder, 'worker'), data: join(folder, 'data'), unsafe, variables, options, output: 'ignore' })
    this.child = child
    // Should the measurement fail, it ends with it.
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    this.port = await listening
    await sleep(300)
  }

  async restart () {
    await this.kill()
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

  async end () {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
