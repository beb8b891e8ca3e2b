// What a host answers besides documents, and which names documents have.
import assert from 'node:assert/strict'
import WebSocket from 'ws'

export const name = 'pages, health, names'

export async function run ({ Server }) {
  const server = await new Server().start()
  const ask = path => fetch(server.http + path)
  try {
    const page = await ask('/')
    assert.equal(page.status, 200)
    assert.match(page.headers.get('content-type'), /text\/html/)
    const files = [...(await page.text()).matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(match => match[1])
    assert.ok(files.length >= 2, 'the page names its script and its style')
    for (const file of files) assert.equal((await ask(file)).status, 200, file)
    assert.equal(await (await ask('/healthz')).text(), 'ok\n')
    const api = await ask('/api/nothing')
    assert.equal(api.status, 404)
    assert.match(api.headers.get('content-type'), /json/)
    assert.ok((await api.json()).error)
    assert.equal((await ask('/some/document')).status, 404)

    assert.equal(await upgrade(server, '/'), 400, 'a document has a name')
    assert.equal(await upgrade(server, '/' + 'a'.repeat(1025)), 414)
    for (const path of ['/healthz', '/api/x', '/a//b/', '/%F0%9F%A6%86?token=1', '/..%2F..']) {
      assert.equal(await upgrade(server, path), 101, `${path} is a document`)
    }
  } finally {
    await server.remove()
  }
}

/** The status with which an upgrade is answered. */
function upgrade (server, path) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(server.url + path)
    socket.on('open', () => { resolve(101); socket.terminate() })
    socket.on('unexpected-response', (_, response) => { resolve(response.statusCode); socket.terminate() })
    socket.on('error', reject)
  })
}
