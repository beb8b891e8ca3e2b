// What is billed: one row for each flush, none for what is known or only shown; a flush after the window, at 12 KB, at a
// close; and a hundredth more for folding.
import assert from 'node:assert/strict'
import { Client, sleep, until } from '../clients.mjs'

export const name = 'rows written, as the platform bills them'
export const hosts = ['workerd']
const ROOM = 'billed'
const WINDOW_MS = 400
const FLUSHES = 1_000

export async function run ({ Server }) {
  return `${await flushes(Server)}; ${await folds(Server)}`
}

async function flushes (Server) {
  const server = await new Server({ roomOptions: { windowMs: WINDOW_MS } }).start()
  const written = async () => (await server.state(ROOM)).billed.written
  const author = await new Client(server, ROOM).synced()
  const reader = await new Client(server, ROOM).synced()
  const type = async text => {
    author.text.insert(author.text.length, text)
    await until('the reader has it', () => reader.text.length === author.text.length)
  }
  try {
    await type('a duck')
    assert.equal(await written(), 0, 'within the window nothing is stored')
    await sleep(WINDOW_MS)
    await type('s')
    const first = await written()
    assert.ok(first >= 2 && first <= 4, `a table, a manifest, a slot: ${first}`)
    const flushes = 10
    for (let flush = 1; flush <= flushes; flush++) {
      await type('quack ')
      await sleep(WINDOW_MS)
      await type('quack ')
      assert.equal(await written() - first, flush, 'one row for each flush')
    }
    // The end of a window is met by what shows a cursor, too.
    const before = await written()
    await type('!')
    await sleep(WINDOW_MS)
    author.provider.awareness.setLocalStateField('cursor', 1)
    await until('it is stored', async () => await written() === before + 1)

    // What is known brings neither a row nor a message.
    author.cut()
    await until('the author is back', () => !author.provider.synced)
    await author.synced()
    assert.equal(await written(), before + 1, 'a client that comes back with nothing new costs no row')
    await type('x'.repeat(13_000))
    assert.equal(await written(), before + 2, 'more than 12 KB is stored at once')
    await type('?')
    reader.destroy()
    await until('a close stores', async () => await written() === before + 3)
    const late = await new Client(server, ROOM).synced()
    late.destroy()
    await sleep(100)
    assert.equal(await written(), before + 3, 'a close with nothing to store costs nothing')
    return `${first} rows at the first flush, then 1 each`
  } finally {
    author.destroy()
    reader.destroy()
    await server.remove()
  }
}

/** Many flushes of what is typed in 20 s: how many rows each is, with all that folding writes. */
async function folds (Server) {
  const server = await new Server({ roomOptions: { windowMs: 0 } }).start()
  const author = await new Client(server, ROOM).synced()
  const written = async () => (await server.state(ROOM)).billed.written
  try {
    author.text.insert(0, 'the first one also makes a table')
    await until('it is stored', async () => await written() > 0)
    const before = await written()
    for (let flush = 0; flush < FLUSHES; flush++) {
      author.doc.transact(() => {
        for (let word = 0; word < 10; word++) author.text.insert((flush * 7919 + word * 61) % author.text.length, 'quack ')
      })
      if (flush % 50 === 0) await sleep(0)
    }
    await until('all are stored', async () => await written() - before >= FLUSHES)
    await sleep(200)
    const each = (await written() - before) / FLUSHES
    assert.ok(each < 1.02, `${each} rows for each flush`)
    return `${each.toFixed(4)} rows a flush with folding`
  } finally {
    author.destroy()
    await server.remove()
  }
}
