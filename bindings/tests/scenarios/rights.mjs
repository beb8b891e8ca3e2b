// Who may only read sees everything and changes nothing, before and after hibernation.
import assert from 'node:assert/strict'
import { Client, sleep, until } from '../clients.mjs'

export const name = 'rights outlive hibernation'
export const hosts = ['workerd']

export async function run ({ Server }) {
  const server = await new Server().start()
  const author = await new Client(server, 'guarded').synced()
  const reader = await new Client(server, 'guarded', { params: { 'read-only': '1' } }).synced()
  const warn = console.warn
  console.warn = () => {} // y-websocket tells what it was denied
  try {
    for (const hibernated of [false, true]) {
      author.text.insert(0, 'duck ')
      await until('the reader sees it', () => reader.text.toString().startsWith('duck '))
      reader.text.insert(0, 'no ')
      reader.provider.awareness.setLocalStateField('cursor', { hibernated })
      await until('its cursor is shown', () => {
        return author.provider.awareness.getStates().get(reader.doc.clientID)?.cursor?.hibernated === hibernated
      })
      await sleep(50)
      assert.doesNotMatch(author.text.toString(), /no /)
      await server.evict()
      reader.text.delete(0, reader.text.length)
    }
    assert.equal(author.text.toString(), 'duck duck ')
  } finally {
    console.warn = warn
    author.destroy()
    reader.destroy()
    await server.remove()
  }
}
