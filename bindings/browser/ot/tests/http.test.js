// The HTTP transport with a server of node:http that loses requests and answers: streams, long polls, refusals.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import Delta from 'quill-delta'
import { OtClient } from '../dist/client.js'
import { connectHttp } from '../dist/http.js'
import { generator } from './random.js'
import { Server } from './server.js'

let host, document, random, url
/** Of a hundred, how many requests are lost, half of them once carried out. */
let lossRate = 0
let refusal
let isStreaming = true

before(async () => {
  host = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1')
  await new Promise(resolve => host.once('listening', resolve))
  url = `http://127.0.0.1:${host.address().port}/api/ot/doc`
})
after(() => {
  host.closeAllConnections()
  host.close()
})

const begin = seed => {
  random = generator(seed)
  document = new Server('text', random)
  document.answers = new Map()
  lossRate = 0
  isStreaming = true
  refusal = undefined
}

const answer = async (request, response) => {
  const query = new URL(request.url, url).searchParams
  let body = ''
  for await (const chunk of request) body += chunk
  const reply = (status, value) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(value))
  }
  if (refusal?.(request)) return reply(refusal.status, { error: { code: refusal.code, reason: 'no' } })
  const isLost = random(100) < lossRate
  if (isLost && random(2)) return response.destroy()
  const since = query.has('since') && query.get('epoch') === document.epoch && Number(query.get('since'))
  if (request.method === 'POST') {
    const { status, value } = post(JSON.parse(body))
    return isLost ? response.destroy() : reply(status, value)
  }
  if (isStreaming && request.headers.accept === 'text/event-stream') return stream(response, query)
  if (since === false) return reply(200, content(query.get('session')))
  for (let waited = 0; document.revision === since && waited < 300; waited += 10) {
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  if (isLost) return response.destroy()
  if (since < document.oldest) return reply(410, { error: { code: 'history', reason: '' } })
  const missed = document.log.filter(entry => entry.revision > since)
  reply(200, { revision: document.revision, op: missed.reduce((op, entry) => op.compose(new Delta(entry.op)), new Delta()).ops })
}

const content = session => ({
  epoch: document.epoch,
  revision: document.revision,
  id: document.last.get(session)?.id ?? 0,
  content: document.content.ops.map(op => op.insert).join('')
})

const post = ({ epoch, session, id, revision, op }) => {
  const key = `${session} ${id}`
  if (!document.answers.has(key)) {
    if (epoch !== document.epoch || revision < document.oldest) return { status: 410, value: { error: { code: 'history' } } }
    let own = new Delta(op)
    let others = new Delta()
    for (const entry of document.log.filter(entry => entry.revision > revision)) {
      others = others.compose(own.transform(new Delta(entry.op), false))
      own = new Delta(entry.op).transform(own, true)
    }
    document.apply(own, session, id)
    document.answers.set(key, { revision: document.revision, op: others.ops })
  }
  return { status: 200, value: document.answers.get(key) }
}

const stream = (response, query) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const connection = {
    send: message => {
      if (random(100) < lossRate) response.destroy()
      const text = `id: ${document.epoch}:${document.revision}\nevent: message\ndata: ${JSON.stringify(message)}\n\n`
      // In two pieces, as a network may.
      response.write(text.slice(0, 20))
      response.write(text.slice(20))
    }
  }
  document.connections.add(connection)
  response.on('close', () => document.connections.delete(connection))
  document.receive(connection, {
    type: 'open',
    kind: 'text',
    session: query.get('session'),
    epoch: query.get('epoch') ?? undefined,
    revision: query.has('since') ? Number(query.get('since')) : undefined
  })
}

const until = async condition => {
  for (let waited = 0; !condition(); waited += 5) {
    assert.ok(waited < 20_000, 'takes too long')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

for (const seed of [1, 2, 3]) {
  test(`streams and polls through a bad network, seed ${seed}`, async () => {
    begin(seed)
    const clients = Array.from({ length: 4 }, () => new OtClient({ root: 'notes' }))
    const closers = clients.map((client, index) => connectHttp(client, url, { isPolling: index > 1 }))
    lossRate = 15
    let typed = 0
    for (let step = 0; step < 60; step++) {
      const client = clients[random(4)]
      const index = random(client.text.length + 1)
      client.edit([...index ? [{ retain: index }] : [], { insert: String.fromCodePoint(0x4e00 + typed++) }])
      if (random(20) === 0) document.forget(random(3))
      await new Promise(resolve => setTimeout(resolve, random(15)))
    }
    lossRate = 0
    await until(() => clients.every(client => client.isSynchronised && client.revision === document.revision))
    closers.forEach(close => close())
    const text = document.content.ops.map(op => op.insert).join('')
    for (const client of clients) assert.equal(client.text, text)
    assert.equal(text.length, typed)
    assert.equal(new Set(text).size, typed, 'each character once')
  })
}

test('polls where there are no streams', async () => {
  begin(4)
  isStreaming = false
  const clients = [new OtClient({ root: 'notes' }), new OtClient({ root: 'notes' })]
  const closers = clients.map(client => connectHttp(client, url))
  clients[0].edit([{ insert: 'a' }])
  await until(() => clients[1].text === 'a')
  clients[1].edit([{ retain: 1 }, { insert: 'b' }])
  await until(() => clients[0].text === 'ab')
  closers.forEach(close => close())
})

test('a refused operation is taken back', async () => {
  for (const isPolling of [false, true]) {
    begin(5)
    const errors = []
    const client = new OtClient({ root: 'notes', onError: error => errors.push(error) })
    const close = connectHttp(client, url, { isPolling })
    await until(() => client.epoch)
    refusal = Object.assign(request => request.method === 'POST', { status: 422, code: 'beyond-end' })
    client.edit([{ insert: 'a' }])
    await until(() => errors.length)
    assert.deepEqual(errors, [{ type: 'error', code: 'beyond-end', reason: 'no', id: 1 }])
    assert.equal(client.text, '')
    refusal = undefined
    client.edit([{ insert: 'b' }])
    await until(() => client.isSynchronised)
    assert.equal(document.content.ops[0].insert, 'b')
    close()
  }
})

test('what is not there is final', async () => {
  begin(6)
  refusal = Object.assign(() => true, { status: 404, code: 'not-found' })
  const statuses = []
  connectHttp(new OtClient({ root: 'notes' }), url, { onStatus: (...status) => statuses.push(status) })
  await until(() => statuses.length)
  assert.deepEqual(statuses, [['final', 404, 'no']])
})
