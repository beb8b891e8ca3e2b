// The server under test: started, asked for its figures, killed, started again on the same data.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../../../..')
export const target = join(root, 'target')
const binary = process.env.MERGANSER_BIN ?? join(target, 'release/merganser')

export class Server {
  #process
  #log = ''
  #ended

  /** A server with a data folder of its own; `prefix` is a command that it is started through. */
  constructor ({ prefix = [], options = [] } = {}) {
    if (!existsSync(binary)) throw new Error(`${binary} is not there: build it, or name another one in MERGANSER_BIN`)
    this.data = mkdtempSync(join(tmpdir(), 'merganser-'))
    this.prefix = prefix
    this.options = options
    this.port = 0
  }

  /** Starts it, later times on the port that it had before. */
  async start () {
    const options = ['serve', '--listen', `127.0.0.1:${this.port}`, '--data', this.data, ...this.options]
    const command = [...this.prefix, binary, ...options]
    this.#log = ''
    this.#process = spawn(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#ended = new Promise(resolve => this.#process.once('exit', (code, signal) => resolve({ code, signal })))
    const listening = new Promise((resolve, reject) => {
      this.#process.stderr.setEncoding('utf8').on('data', text => {
        this.#log += text
        const address = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(this.#log)
        if (address) resolve(Number(address[1]))
      })
      this.#process.once('exit', code => reject(new Error(`the server ended with ${code}: ${this.#log}`)))
    })
    this.port = await listening
    return this
  }

  get url () { return `ws://127.0.0.1:${this.port}` }
  get http () { return `http://127.0.0.1:${this.port}` }
  get pid () { return this.#process.pid }
  get log () { return this.#log }
  get isRunning () { return this.#process.exitCode === null && this.#process.signalCode === null }

  /** Sends a signal and waits for the end. */
  async stop (signal = 'SIGTERM') {
    this.#process.kill(signal)
    return await this.#ended
  }

  /** Waits for the end, which something else brings about. */
  ended () { return this.#ended }

  async metric (name) {
    const text = await (await fetch(`${this.http}/metrics`)).text()
    const line = text.split('\n').find(line => line.startsWith(`${name} `))
    return line ? Number(line.slice(name.length + 1)) : 0
  }

  /** Ends it if it still runs, and removes its data. */
  async remove () {
    if (this.isRunning) await this.stop('SIGKILL')
    rmSync(this.data, { recursive: true, force: true })
  }
}
