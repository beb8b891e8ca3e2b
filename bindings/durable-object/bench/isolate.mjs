// What counts against the 128 MB of an isolate, as V8's inspector tells it: its heap, and the buffers beside it.
import { createServer } from 'node:net'
import WebSocket from 'ws'

/** Looks at this process, which is started anew for it, as often as it answers while `work` is done; gives the most, in MB. */
export async function mostInIsolate (host, work) {
  const port = await freePort()
  host.options = [`-i127.0.0.1:${port}`]
  await host.restart()
  const [{ webSocketDebuggerUrl }] = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()
  const inspector = new WebSocket(webSocketDebuggerUrl)
  await new Promise((resolve, reject) => inspector.once('open', resolve).once('error', reject))
  let [most, samples] = [0, 0]
  const look = () => inspector.send(JSON.stringify({ id: ++samples, method: 'Runtime.getHeapUsage' }))
  inspector.on('message', text => {
    const { totalSize, backingStorageSize } = JSON.parse(text).result ?? {}
    if (totalSize === undefined) return
    most = Math.max(most, totalSize + backingStorageSize)
    look()
  })
  look()
  await work()
  inspector.terminate()
  host.options = []
  await host.restart()
  if (samples < 2) throw new Error('the inspector did not answer')
  return most / 2 ** 20
}

function freePort () {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
