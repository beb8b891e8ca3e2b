// Many type at a time, with cursors, as editors send them: all get all of it, in fewer messages than were sent.
import assert from 'node:assert/strict'
import { Client, sleep, until } from '../clients.mjs'

export const name = 'many who type at a time are sent it together'
const CLIENTS = 12
const LETTERS = 60
const EACH_MS = 4

export async function run ({ Server }) {
  const server = await new Server().start()
  const clients = Array.from({ length: CLIENTS }, () => new Client(server, 'busy'))
  try {
    await Promise.all(clients.map(client => client.synced()))
    clients.forEach(({ provider }) => provider.awareness.setLocalState({ at: 0 }))
    await until('all see all', () => clients.every(({ provider }) => provider.awareness.getStates().size === CLIENTS))
    let heard = 0
    clients[0].provider.ws.addEventListener('message', () => heard++)
    await Promise.all(clients.map(type))
    const length = CLIENTS * LETTERS
    await until('all have all', () => clients.every(({ text }) => text.length === length))
    const texts = clients.map(({ text }) => text.toString())
    assert.ok(texts.every(text => text === texts[0]))
    const cursors = ({ provider }) => [...provider.awareness.getStates().values()].every(({ at }) => at === LETTERS)
    await until('the last cursors are seen', () => clients.every(cursors))
    // An edit and a cursor for each letter.
    const sent = 2 * (CLIENTS - 1) * LETTERS
    assert.ok(heard < sent, `${heard} of ${sent}`)
    return `${sent} messages of others came as ${heard}`
  } finally {
    clients.forEach(client => client.destroy())
    await server.remove()
  }
}

async function type ({ text, provider }, number) {
  for (let letter = 1; letter <= LETTERS; letter++) {
    text.insert(text.length, String.fromCharCode(97 + number))
    provider.awareness.setLocalState({ at: letter })
    await sleep(EACH_MS)
  }
}
