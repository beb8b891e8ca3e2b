// The project template: its types are right, it is built as it would be deployed, and what was built serves documents by its
// hook.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import WebSocket from 'ws'
import { startWorkerd } from '../../durable-object/workerd.mjs'
import { Client, until } from '../clients.mjs'
import { root } from '../folders.mjs'
import { Skipped } from '../skipped.mjs'

export const name = 'the project template, as it would be deployed'
export const hosts = ['workerd']

export async function run () {
  const host = join(root, 'bindings/durable-object')
  if (!existsSync(join(host, 'dist/worker.js'))) throw new Skipped('the Worker is not built: `npm run build` in bindings/durable-object')
  const folder = mkdtempSync(join(tmpdir(), 'merganser-template-'))
  let child
  try {
    const project = join(folder, 'project')
    cpSync(join(host, 'template'), project, { recursive: true, filter: path => !path.includes('node_modules') })
    // As `npm install` would, but from what is here.
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(host, join(project, 'node_modules/merganser-durable-object'))
    for (const name of ['@cloudflare', 'typescript', 'wrangler', '.bin']) {
      symlinkSync(join(host, 'node_modules', name), join(project, 'node_modules', name))
    }
    const out = join(folder, 'out')
    carryOut(project, 'npx', ['tsc'])
    carryOut(project, 'npx', ['wrangler', 'deploy', '--dry-run', '--outdir', out])
    rmSync(join(out, 'README.md'), { force: true })
    const started = await startWorkerd({ folder: out, data: join(folder, 'data'), texts: { TOKEN: 'a-token', ADMIN_TOKEN: 'admin' } })
    child = started.child
    const port = await started.listening
    await documents({ url: `ws://127.0.0.1:${port}`, http: `http://127.0.0.1:${port}` })
  } finally {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }

  function carryOut (cwd, command, args) {
    const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1' }
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env })
    assert.equal(status, 0, `${command} ${args.join(' ')}: ${stdout}${stderr}`)
  }
}

async function documents (server) {
  const author = await new Client(server, 'note', { params: { token: 'a-token', name: 'ann' } }).synced()
  const reader = await new Client(server, 'note').synced()
  const warn = console.warn
  console.warn = () => {} // y-websocket tells what it was denied
  try {
    author.text.insert(0, 'duck')
    await until('it arrives', () => reader.text.length === 4)
    reader.text.insert(0, 'no ')
    author.text.insert(4, 's')
    await until('it arrives', () => reader.text.toString() === 'no ducks')
    assert.equal(author.text.toString(), 'ducks')
    const status = await new Promise((resolve, reject) => {
      const socket = new WebSocket(`${server.url}/note?token=wrong`)
      socket.on('unexpected-response', (_, response) => { resolve(response.statusCode); socket.terminate() })
      socket.on('open', () => reject(new Error('let in')))
      socket.on('error', reject)
    })
    assert.equal(status, 401)
    const asked = token => fetch(`${server.http}/api/documents/note`, { headers: { Authorization: `Bearer ${token}` } })
    assert.equal((await asked('wrong')).status, 403)
    assert.equal(new TextDecoder().decode((await (await asked('admin')).arrayBuffer()).slice(0, 5)), 'MGNSR')
  } finally {
    console.warn = warn
    author.destroy()
    reader.destroy()
  }
}
