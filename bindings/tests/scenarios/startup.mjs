// The native server's metrics, and the folders that it does not start on.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const name = 'metrics, refusals to start'
export const hosts = ['native']

export async function run ({ Server }) {
  const server = await new Server().start()
  try {
    const metrics = await (await fetch(`${server.http}/metrics`)).text()
    assert.match(metrics, /^# TYPE merganser_connections gauge$/m)
    await refusesToStart(Server, server.data, /another server uses the data folder/)
    const folder = mkdtempSync(join(tmpdir(), 'merganser-'))
    writeFileSync(join(folder, 'file'), '')
    await refusesToStart(Server, join(folder, 'file', 'data'), /cannot write to .*file/)
    writeFileSync(join(folder, 'documents.sqlite'), 'this is no database'.repeat(100))
    await refusesToStart(Server, folder, /cannot use the database .*not a database/)
    rmSync(folder, { recursive: true })
  } finally {
    await server.remove()
  }
}

async function refusesToStart (Server, data, message) {
  const server = new Server()
  rmSync(server.data, { recursive: true })
  server.data = data
  await assert.rejects(server.start(), message)
}
