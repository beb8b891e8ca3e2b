// The server in Node: `node node-server.mjs PEER FOLDER`.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { Host } from '../host.mjs'

const [peer, folder] = process.argv.slice(2)

const parts = {
  yjs: () => [],
  ywasm: () => [createRequire(import.meta.url)('ywasm')],
  merganser: async () => [
    await import(pathToFileURL(join(folder, 'merganser.js'))),
    new WebAssembly.Module(readFileSync(join(folder, 'merganser_bg.wasm')))
  ]
}

const { load } = await import(`../peers/${peer}.mjs`)
const host = new Host(load(...await parts[peer]()))
const server = createServer(async (request, response) => {
  const answer = await host.fetch({ url: `http://localhost${request.url}`, text: () => text(request) })
  response.writeHead(answer.status).end(await answer.text())
})
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`))
