// The servers under measurement, as programs with a database in a folder of their own.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Measured, sleep } from '../../bindings/durable-object/bench/measured.mjs'

const here = import.meta.dirname
const TOKEN = 'measured'
const STARTS_MS = 20_000

/** What there is to start. */
export const KINDS = {
  merganser: {
    name: 'Merganser',
    command: (program, port, data) => [program, ['serve', '--listen', `127.0.0.1:${port}`, '--data', data, '--admin-token', TOKEN], {}]
  },
  reference: {
    name: `@y/websocket-server ${version('@y/websocket-server')}`,
    command: (_, port, data) => ['node', [join(here, 'node_modules/@y/websocket-server/src/server.js')],
      { HOST: '127.0.0.1', PORT: String(port), YPERSISTENCE: data }]
  }
}

function version (name) {
  try {
    return JSON.parse(readFileSync(join(here, 'node_modules', name, 'package.json'), 'utf8')).version
  } catch {
    return '(not installed)'
  }
}

export class Server extends Measured {
  /** Starts one of them with an empty database. `program` is the built `merganser`. */
  static async start (kind, program) {
    const server = new Server()
    Object.assign(server, { kind, program, folder: mkdtempSync(join(tmpdir(), 'merganser-native-')) })
    process.once('exit', () => server.#clear())
    await server.#run()
    return server
  }

  get name () { return KINDS[this.kind].name }
  get isOurs () { return this.kind === 'merganser' }

  async #run () {
    this.port = await freePort()
    const [command, args, environment] = KINDS[this.kind].command(this.program, this.port, join(this.folder, 'data'))
    this.child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...environment, MERGANSER_LOG: 'warn' } })
    const begun = Date.now()
    while (!await fetch(`http://127.0.0.1:${this.port}/healthz`).then(answer => answer.ok, () => false)) {
      if (this.child.exitCode !== null || Date.now() - begun > STARTS_MS) throw new Error(`${this.name} does not start`)
      await sleep(20)
    }
    await this.quiet()
  }

  /** Ends it in order, and starts it with what it has stored. */
  async restart () {
    await this.kill('SIGTERM')
    await this.#run()
  }

  /** Waits until no document is in memory, where that can be asked; its clients must have gone. */
  async forgetsAll () {
    while (this.isOurs && (await this.#metric('documents_open'))[0] !== 0) await sleep(20)
    await this.quiet()
  }

  /**
   * Milliseconds within which each turn of a document has ended since this was asked last: the bound of the histogram's
   * highest bucket in which there is one. `undefined` if that isn't counted.
   */
  async longestTurnMs () {
    if (!this.isOurs) return undefined
    const counts = await this.#metric('turn_seconds_bucket')
    const before = this.turns ?? counts.map(() => 0)
    this.turns = counts
    // Each bucket counts those of all below it, too.
    const at = counts.findIndex((count, bucket) => counts.at(-1) - count === before.at(-1) - before[bucket])
    return this.bounds[at] * 1000
  }

  /** The values of all lines of a metric. */
  async #metric (name) {
    const text = await (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text()
    const lines = text.split('\n').filter(line => line.startsWith(`merganser_${name}`))
    this.bounds = lines.map(line => Number(/le="(.*)"/.exec(line)?.[1].replace('+Inf', 'Infinity')))
    return lines.map(line => Number(line.split(' ').at(-1)))
  }

  /** Takes a document from an export file. */
  async import (document, file) {
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/documents/${document}`, {
      method: 'PUT', body: readFileSync(file), headers: { Authorization: `Bearer ${TOKEN}` }
    })
    if (!answer.ok) throw new Error(`import of ${document}: ${answer.status} ${await answer.text()}`)
    await this.quiet()
  }

  /** Bytes of its database. */
  get storedBytes () {
    const data = join(this.folder, 'data')
    return readdirSync(data).reduce((sum, file) => sum + statSync(join(data, file)).size, 0)
  }

  async end () {
    await this.kill()
    this.#clear()
  }

  #clear () {
    this.child?.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function freePort () {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
