// The Durable Object host, in workerd: the Worker with what tests need besides (`durable-object/tests/worker.ts`).
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../../durable-object/build.mjs'
import { startWorkerd } from '../../durable-object/workerd.mjs'
import { root } from '../folders.mjs'
import { ServerProcess } from './process.mjs'

export const name = 'workerd'

let built

/** The Worker of the tests, built once. */
async function testWorker () {
  const host = join(root, 'bindings/durable-object')
  const engine = join(root, 'wasm/pkg/room.js')
  if (!existsSync(engine)) throw new Error(`${engine} is not there: \`npm run build\` in ${host} makes it`)
  const { status, stderr } = spawnSync('npm', ['run', 'contract'], { cwd: host, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the test of the storage contract could not be built: ${stderr}`)
  const folder = mkdtempSync(join(tmpdir(), 'merganser-worker-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  await bundle(join(host, 'tests/worker.ts'), folder)
  return folder
}

export class Server extends ServerProcess {
  /**
   * `roomOptions` are those of all its rooms, `mostBytes` is what instances may hold before one is used again; `variables`
   * are others of the Worker's environment.
   */
  constructor ({ roomOptions = {}, mostBytes = 0, variables = {} } = {}) {
    super()
    this.variables = { ROOM_OPTIONS: roomOptions, MOST_BYTES: mostBytes, ...variables }
  }

  async launch () {
    const folder = await (built ??= testWorker())
    const { data, port, variables } = this
    return startWorkerd({ folder, data, port, unsafe: true, variables })
  }

  /** Asks the tests' part of the Worker. */
  async ask (path) {
    const response = await fetch(`${this.http}/test/${path}`)
    const answer = await response.text()
    if (!response.ok) throw new Error(`${path}: ${answer}`)
    return JSON.parse(answer)
  }

  /** Puts all objects out of memory; their sockets stay. */
  evict () { return this.ask('evict') }

  /** Lets a minute pass by the objects' clock. */
  skipMinute () { return this.ask('minute') }

  /**
   * What the object of this document says: `incarnation`, `sockets`, `billed` rows since it is in memory, `alarm`,
   * what its hooks were `told`; with `?largest` the bytes of its `largestRow`.
   */
  state (room) { return this.ask(`document/${room}`) }

  /** Puts all documents out of memory. */
  forgotten () { return this.evict() }

  /** Who may administer documents sends this along. */
  administrator = { Authorization: 'Bearer secret' }

  /** What the object of this document counts. */
  async metrics (room) {
    const response = await fetch(`${this.http}/api/metrics/${room}`, { headers: this.administrator })
    if (!response.ok) throw new Error(`metrics: ${response.status}`)
    return await response.json()
  }

  /** Log lines of this level, as they are since the start. */
  logged (level) {
    const lines = this.log.split('\n').filter(line => line.includes(`{"level":"${level}"`))
    return lines.map(line => JSON.parse(line.slice(line.indexOf('{'))))
  }

  /** How many connections were closed for what they sent. */
  refusals () {
    return this.log.split('\n').filter(line => /"code":44\d\d/.test(line)).length
  }

  /** A malformed frame is refused by workerd itself, which sometimes logs that as an exception. */
  get hasFailed () { return /the document failed|Uncaught(?!.*WebSocket protocol error)/.test(this.log) }
}
