// The storage contract's test, on a Durable Object's SQLite inside workerd.
import assert from 'node:assert/strict'

export const name = 'the storage contract inside workerd'
export const hosts = ['workerd']

export async function run ({ Server }) {
  const server = await new Server().start()
  try {
    const billed = await server.ask('contract').catch(error => { throw new Error(`${error.message}\n${server.log}`) })
    assert.ok(billed.read > 0 && billed.written >= 0)
  } finally {
    await server.remove()
  }
}
