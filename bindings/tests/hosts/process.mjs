// A server under test: a process with a data folder, started, asked, killed, started again on the same data.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class ServerProcess {
  #process
  #log = ''
  #ended

  constructor () {
    this.data = mkdtempSync(join(tmpdir(), 'merganser-'))
    this.port = 0
  }

  /** Starts it, later times on the port that it had before. */
  async start () {
    this.#log = ''
    const { child, listening } = await this.launch()
    this.#process = child
    this.#ended = new Promise(resolve => child.once('exit', (code, signal) => resolve({ code, signal })))
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', text => { this.#log += text })
    this.port = await listening.catch(error => { throw new Error(`${error.message}: ${this.#log}`) })
    return this
  }

  get url () { return `ws://127.0.0.1:${this.port}` }
  get http () { return `http://127.0.0.1:${this.port}` }
  get pid () { return this.#process.pid }
  /** What it has written since it was started. */
  get log () { return this.#log }
  get isRunning () { return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null }

  /** Sends a signal and waits for the end. */
  async stop (signal = 'SIGTERM') {
    this.#process.kill(signal)
    return await this.#ended
  }

  /** Waits for the end, which something else brings about. */
  ended () { return this.#ended }

  /** Ends it if it still runs, and removes its data. */
  async remove () {
    if (this.isRunning) await this.stop('SIGKILL')
    rmSync(this.data, { recursive: true, force: true })
  }
}
