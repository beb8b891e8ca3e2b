// OT clients over WebSockets and HTTP edit one text with Yjs clients, while connections are cut and the server is killed
// (-9). All texts are equal in the end; where nobody deletes, each inserted character is there exactly once.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import WebSocket from 'ws'
import { Client, sleep, until } from '../clients.mjs'
import { root } from '../folders.mjs'

export const name = 'OT clients and Yjs clients in one text, cuts, kills'
const PACKAGE = join(root, 'bindings/browser/ot')
const ROOT = 'note'

export async function run ({ Server, random, long }) {
  if (!existsSync(join(PACKAGE, 'dist/index.js'))) {
    throw new Error(`${PACKAGE} is not built: \`npm ci && npm run build\` there makes it`)
  }
  const ot = {
    ...await import('../../browser/ot/dist/index.js'),
    ...await import('../../browser/ot/dist/http.js'),
    ...await import('../../browser/ot/dist/delta.js')
  }
  const server = await new Server().start()
  const groups = [
    new Group(server, ot, 'kept', random, { mayDelete: false }),
    new Group(server, ot, 'folder/gänse & co', random, { mayDelete: true })
  ]
  try {
    for (const group of groups) await group.areEqual('at first')
    const kills = long ? 20 : 2
    const rounds = long ? 400 : 150
    for (let kill = 0; kill <= kills; kill++) {
      for (let round = 0; round < rounds; round++) {
        for (const group of groups) {
          for (let edits = random.below(3); edits >= 0; edits--) group.edit()
          if (random.below(25) === 0) group.cut()
        }
        if (random.below(3) === 0) await sleep(random.below(8))
        // Now and then everybody rests, so that edits begin from an equal text, too.
        if (random.below(60) === 0) await groups[kill % 2].areEqual('meanwhile')
      }
      if (kill < kills) {
        assert.equal((await server.stop('SIGKILL')).signal, 'SIGKILL')
        // What is typed while there is no server waits.
        for (const group of groups) for (let edits = 0; edits < 5; edits++) group.edit()
        await sleep(random.below(300))
        await server.start()
      }
    }
    for (const group of groups) await group.areEqual('in the end')
    for (const group of groups) assert.deepEqual(group.problems, [])
    assertIsOnce(groups[0])
    const python = await withPython(server, groups[0])

    const texts = groups.map(group => group.text)
    groups.forEach(group => group.close())
    await server.forgotten()
    for (const [index, { room }] of [...groups.entries()]) {
      const fresh = new Group(server, ot, room, random, {})
      groups.push(fresh)
      await fresh.areEqual('what is stored')
      assert.equal(fresh.text, texts[index], 'what is stored is what was shown')
      fresh.close()
    }
    assert.ok(!server.hasFailed, server.log)
    const sum = key => groups.reduce((sum, group) => sum + group[key], 0)
    return `${python}, ${sum('edits')} edits, ${sum('cuts')} cuts, ${kills} kills, ${texts.map(text => text.length).join(' and ')} characters`
  } finally {
    groups.forEach(group => group.close())
    await server.remove()
  }
}

/** Each character that somebody inserted is there once, and nothing else. */
function assertIsOnce ({ text, inserted }) {
  const counts = new Map()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  const wrong = inserted.filter(character => counts.get(character) !== 1)
    .map(character => `${character.codePointAt().toString(16)} ${counts.get(character) ?? 0} times`)
  assert.deepEqual(wrong, [], 'each inserted character is there once')
  assert.equal(text.length, inserted.length, 'nothing else is there')
}

/** The example in Python appends its line, and then shows what another client does. */
async function withPython (server, group) {
  const script = join(PACKAGE, 'examples/note.py')
  if (!existsSync(script) || spawnSync('python3', ['--version']).status !== 0) return 'without Python'
  const before = group.text
  const child = spawn('python3', ['-u', script, server.http, group.room, '--follow'], {
    env: { ...process.env, PYTHONUTF8: '1' }, stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = new Promise(resolve => child.once('close', resolve))
  let told = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => { told += text })
  const tells = (what, text) => until(what, () => told.endsWith(text)).catch(error => { throw new Error(`${error.message}: ${told}`) })
  try {
    await tells('the script shows the text and its line', `${before}a line from Python\n`)
    await group.areEqual('with a line from Python')
    assert.equal(group.text, `${before}a line from Python\n`)
    group.clients.at(-1).insert(0, 'heard, ')
    await tells('the script shows what others do', `---\nheard, ${before}a line from Python\n`)
    await group.areEqual('after Python')
    return 'with Python'
  } finally {
    child.kill()
    await ended
  }
}

/** The clients of one document: over WebSockets (plain and rich), over HTTP (a stream and polls), and of Yjs. */
class Group {
  problems = []
  /** All characters that were inserted. */
  inserted = []
  edits = 0
  cuts = 0

  constructor (server, ot, room, random, { mayDelete }) {
    Object.assign(this, { room, random, mayDelete })
    const path = room.split('/').map(encodeURIComponent).join('/')
    const options = { problems: this.problems }
    this.clients = [
      new SocketClient(server, ot, path, { ...options, kind: 'text' }),
      new SocketClient(server, ot, path, { ...options, kind: 'text' }),
      new SocketClient(server, ot, path, { ...options, kind: 'delta' }),
      new HttpClient(server, ot, path, { ...options, isPolling: false }),
      new HttpClient(server, ot, path, { ...options, isPolling: true }),
      new YjsClient(server, path),
      new YjsClient(server, path)
    ]
  }

  get text () { return this.clients[0].text }

  edit () {
    const { random, mayDelete } = this
    const client = random.pick(this.clients)
    const { text } = client
    this.edits++
    const at = offsetIn(text, random.below(text.length + 1))
    const to = offsetIn(text, Math.min(text.length, at + random.below(6)))
    const what = mayDelete ? random.below(10) : 0
    if (what < 6) {
      const character = String.fromCharCode(0x4e00 + this.inserted.length)
      assert.ok(character < '\ud800', 'there are enough characters')
      this.inserted.push(character)
      return client.insert(at, mayDelete && random.below(4) === 0 ? `🦆${character}` : character)
    }
    if (to === at) return
    if (what < 9) return client.delete(at, to - at)
    return client.format?.(at, to - at, { [random.pick(['bold', 'em'])]: random.pick([true, null]) })
  }

  cut () {
    this.random.pick(this.clients).cut()
    this.cuts++
  }

  async areEqual (when) {
    try {
      await until('all are equal', () => this.clients.every(client => client.isSynchronised && client.text === this.text) &&
        new Set(this.clients.map(client => client.formats).filter(Boolean)).size === 1)
    } catch (error) {
      const told = this.clients.map(client => `${client.constructor.name} ${client.isSynchronised} ${client.text.length} ${client.text.slice(0, 60)}`)
      throw new Error(`${this.room}, ${when}: ${error.message}\n${[...told, ...this.problems].join('\n')}`)
    }
  }

  close () {
    this.clients.splice(0).forEach(client => client.close())
  }
}

/** An offset that does not lie inside a surrogate pair. */
function offsetIn (text, offset) {
  const code = text.charCodeAt(offset)
  return code >= 0xdc00 && code <= 0xdfff ? offset - 1 : offset
}

class TextClient {
  isOpen = false

  constructor ({ OtClient, join }, { kind, problems }) {
    this.join = join
    this.client = new OtClient({ root: ROOT, kind, onError: error => problems.push(JSON.stringify(error)) })
    this.onStatus = (status, ...why) => {
      this.isOpen = status === 'open'
      if (status === 'final') problems.push(`${this.constructor.name}: final, ${why}`)
    }
    if (kind === 'delta') {
      this.format = (at, length, attributes) => this.client.edit(join([{ retain: at }, { retain: length, attributes }]))
    }
  }

  get text () { return this.client.text }
  get isSynchronised () { return this.isOpen && this.client.isSynchronised }
  /** What rich clients compare. */
  get formats () { return this.client.kind === 'delta' && canonical(this.client.content) }
  insert (at, text) { this.client.edit(this.join([{ retain: at }, { insert: text }])) }
  delete (at, length) { this.client.edit(this.join([{ retain: at }, { delete: length }])) }
}

class SocketClient extends TextClient {
  #socket

  constructor (server, ot, path, options) {
    super(ot, options)
    const keep = socket => { this.#socket = socket }
    class Socket extends WebSocket {
      constructor (url, protocol) {
        super(url, protocol)
        keep(this)
      }
    }
    this.close = ot.connectSocket(this.client, `${server.url}/${path}`, { WebSocket: Socket, onStatus: this.onStatus })
  }

  cut () { this.#socket.terminate() }
}

class HttpClient extends TextClient {
  #cutting = new AbortController()

  constructor (server, ot, path, options) {
    super(ot, { ...options, kind: 'text' })
    const request = (target, init) =>
      fetch(target, { ...init, signal: AbortSignal.any([init.signal, this.#cutting.signal]) })
    const { isPolling } = options
    this.close = ot.connectHttp(this.client, `${server.http}/api/ot/${path}`, { fetch: request, isPolling, onStatus: this.onStatus })
  }

  cut () {
    this.#cutting.abort()
    this.#cutting = new AbortController()
  }
}

class YjsClient {
  constructor (server, path) { this.client = new Client(server, path) }
  get #shared () { return this.client.doc.getText(ROOT) }
  get text () { return this.#shared.toString() }
  get isSynchronised () { return this.client.isSynced }
  get formats () { return canonical(this.#shared.toDelta()) }
  insert (at, text) { this.#shared.insert(at, text) }
  delete (at, length) { this.#shared.delete(at, length) }
  format (at, length, attributes) { this.#shared.format(at, length, attributes) }
  cut () { this.client.cut() }
  close () { this.client.destroy() }
}

/** One string for equal contents: steps with equal formats joined, formats in order. */
function canonical (content) {
  const steps = []
  for (const { insert, attributes = {} } of content) {
    const formats = JSON.stringify(Object.entries(attributes).sort())
    if (steps.at(-1)?.[1] === formats) steps.at(-1)[0] += insert
    else steps.push([insert, formats])
  }
  return JSON.stringify(steps)
}
