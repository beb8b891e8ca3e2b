// The WebSocket transport: what it says, when it connects again, and when it does not.
import assert from 'node:assert/strict'
import { beforeEach, mock, test } from 'node:test'
import { OtClient } from '../dist/client.js'
import { connectSocket } from '../dist/socket.js'

let sockets
class WebSocket {
  sent = []
  isClosed = false

  constructor (url, protocol) {
    Object.assign(this, { url, protocol })
    sockets.push(this)
  }

  send (data) {
    assert.ok(!this.isClosed)
    this.sent.push(JSON.parse(data))
  }

  close () { this.isClosed = true }
  receive (message) { this.onmessage?.({ data: JSON.stringify(message) }) }
  lose (code, reason) { this.onclose?.({ code, reason }) }
}

const connected = () => {
  const client = new OtClient({ root: 'notes' })
  const statuses = []
  const disconnect = connectSocket(client, 'ws://host/doc', { WebSocket, onStatus: (...status) => statuses.push(status) })
  return { client, statuses, disconnect }
}
const content = { type: 'content', epoch: 'e', revision: 1, id: 0, content: 'abc' }
const insert = [{ insert: 'x' }]

beforeEach(() => {
  sockets = []
  mock.timers.reset()
  mock.timers.enable({ apis: ['setTimeout'] })
})

test('opens, sends and receives', () => {
  const { client, statuses, disconnect } = connected()
  assert.deepEqual([sockets[0].url, sockets[0].protocol], ['ws://host/doc', 'merganser-ot'])
  sockets[0].onopen()
  assert.equal(sockets[0].sent[0].type, 'open')
  sockets[0].receive(content)
  assert.deepEqual(statuses, [['open']])
  client.edit(insert)
  assert.deepEqual(sockets[0].sent[1], { type: 'op', id: 1, revision: 1, op: insert })
  sockets[0].receive({ type: 'ack', revision: 2, id: 1 })
  mock.timers.tick(60_000)
  assert.equal(sockets.length, 1, 'an acknowledged operation is not waited for')
  disconnect()
  assert.ok(sockets[0].isClosed)
  client.edit(insert)
  mock.timers.tick(60_000)
  assert.equal(sockets.length, 1)
})

test('waits longer from time to time, at most 2.5 seconds', () => {
  connected()
  for (let attempt = 0; attempt < 10; attempt++) {
    const most = Math.min(2500, 100 * 2 ** attempt)
    sockets[attempt].lose(attempt % 2 ? 1006 : 4500)
    mock.timers.tick(most / 2 - 1)
    assert.equal(sockets.length, attempt + 1)
    mock.timers.tick(most / 2 + 1)
    assert.equal(sockets.length, attempt + 2)
  }
  sockets[10].onopen()
  sockets[10].receive(content)
  sockets[10].lose(1012)
  mock.timers.tick(100)
  assert.equal(sockets.length, 12, 'a connection that was open starts from the beginning')
})

test('44xx is final', () => {
  const { statuses } = connected()
  sockets[0].lose(4403, 'not yours')
  mock.timers.tick(60_000)
  assert.equal(sockets.length, 1)
  assert.deepEqual(statuses, [['final', 4403, 'not yours']])
})

test('an operation that nobody acknowledges makes a new connection', () => {
  const { client } = connected()
  sockets[0].onopen()
  sockets[0].receive(content)
  client.edit(insert)
  mock.timers.tick(14_999)
  sockets[0].receive({ type: 'op', revision: 2, op: [{ insert: 'y' }] })
  assert.ok(!sockets[0].isClosed)
  mock.timers.tick(1)
  assert.ok(sockets[0].isClosed)
  assert.equal(sockets[0].onmessage, null, 'what still comes is not heard')
  mock.timers.tick(100)
  sockets[1].onopen()
  sockets[1].receive({ type: 'open', epoch: 'e', revision: 2, id: 0 })
  assert.deepEqual(sockets[1].sent.map(({ type, revision }) => [type, revision]), [['open', 2], ['op', 2]])
})

test('a refusal makes a new connection with fresh content', () => {
  const { client } = connected()
  sockets[0].onopen()
  sockets[0].receive(content)
  client.edit(insert)
  sockets[0].receive({ type: 'error', code: 'read-only', reason: '', id: 1 })
  assert.equal(client.text, 'abc')
  assert.ok(sockets[0].isClosed)
  mock.timers.tick(100)
  sockets[1].onopen()
  assert.equal(sockets[1].sent[0].revision, undefined)
})
