// The disk is full (the process's limit of file size stands for it): clients get an error close, the process lives,
// nothing acknowledged is lost, and when there is room again all goes on.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Client, sleep, until } from '../clients.mjs'
import { Skipped } from '../skipped.mjs'

export const name = 'a full disk'
export const hosts = ['native']
const TRY_AGAIN = 4500
const NOTHING_FITS = 4096

export async function run ({ Server }) {
  if (spawnSync('prlimit', ['--version']).status !== 0) throw new Skipped('there is no prlimit (util-linux)')
  const server = await new Server().start()
  const [writer, reader] = await Promise.all([1, 2].map(() => new Client(server, 'full').synced()))
  const codes = []
  writer.provider.on('connection-close', event => codes.push(event?.code))
  try {
    writer.text.insert(0, 'before')
    await until('the reader has it', () => reader.text.length === 6)
    const limit = largestFile(server) + 100_000
    setLimit(server, limit)
    const block = 'x'.repeat(10_000)
    for (let count = 0; count < 200 && codes.length === 0; count++) {
      writer.text.insert(writer.text.length, block)
      await sleep(10)
    }
    await until('the writer is told', () => codes.includes(TRY_AGAIN))
    assert.ok(server.isRunning, 'the process lives')
    assert.equal((await fetch(`${server.http}/healthz`)).status, 503)
    const acknowledged = reader.text.toString()
    assert.ok(acknowledged.length >= 6 && acknowledged.length < writer.text.length, 'not all could be stored')

    // What the reader has seen is there after a kill, without anybody who could bring it again.
    setLimit(server, 'unlimited')
    writer.provider.disconnect()
    reader.destroy()
    await server.stop('SIGKILL')
    await server.start()
    const fresh = await new Client(server, 'full').synced()
    assert.ok(fresh.text.toString().startsWith(acknowledged), 'what was acknowledged is stored')

    setLimit(server, NOTHING_FITS)
    writer.provider.connect()
    await until('the writer is told again', () => codes.filter(code => code === TRY_AGAIN).length > 1)
    setLimit(server, 'unlimited')
    await until('all is stored once there is room', () => fresh.text.toString() === writer.text.toString())
    assert.equal((await fetch(`${server.http}/healthz`)).status, 200)
    fresh.destroy()
    return `${acknowledged.length} of ${writer.text.length} characters were stored before the disk was full`
  } finally {
    writer.destroy()
    reader.destroy()
    await server.remove()
  }
}

function largestFile (server) {
  const sizes = ['documents.sqlite', 'documents.sqlite-wal'].map(name => statSync(join(server.data, name)).size)
  return Math.max(...sizes)
}

function setLimit (server, bytes) {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:unlimited`])
  assert.equal(status, 0, String(stderr))
}
