// Cloudflare's open-source runtime on this machine, with the Worker in it: for development, tests and measurements.
import workerd from 'workerd'
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const ASSETS = join(import.meta.dirname, '../server/assets')
export const COMPATIBILITY_DATE = '2026-11-01'
/** Who gives up a request is noticed, by the Worker and by the object that it was passed on to. */
const COMPATIBILITY_FLAGS = ['enable_request_signal', 'request_signal_passthrough']

/**
 * Starts the Worker whose files are in `folder` on `port` (0: any). Its objects are stored in `data`; `variables` are
 * put into its environment as JSON, `texts` as they are; `unsafe` gives it the module by which tests evict objects. Gives the process and
 * the port once it answers.
 */
export async function startWorkerd ({ folder, data, port = 0, variables = {}, texts = {}, unsafe = false, assets = ASSETS, options = [], output = 'pipe' }) {
  mkdirSync(join(data, 'objects'), { recursive: true })
  const config = join(data, 'config.capnp')
  writeFileSync(config, configuration({ folder, data, port, variables, texts, unsafe, assets }))
  const args = ['serve', ...(unsafe ? ['--experimental'] : []), ...options, '--control-fd=3', config]
  const child = spawn(workerd.default ?? workerd, args, { stdio: ['ignore', output, output, 'pipe'] })
  let told = ''
  const listening = new Promise((resolve, reject) => {
    child.stdio[3].setEncoding('utf8').on('data', text => {
      told += text
      const line = told.split('\n').find(line => line.includes('"listen"'))
      if (line) resolve(JSON.parse(line).port)
    })
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`workerd ended with ${code}`)))
  })
  return { child, listening }
}

function configuration ({ folder, data, port, variables, texts, unsafe, assets }) {
  const text = value => JSON.stringify(String(value))
  const modules = readdirSync(folder).filter(file => /\.(js|wasm)$/.test(file)).sort((a, b) => Number(b === 'worker.js') - Number(a === 'worker.js'))
  const module = file => `(name = ${text(file)}, ${file.endsWith('.wasm') ? 'wasm' : 'esModule'} = embed ${text(relative(data, join(folder, file)))})`
  const bindings = [
    '(name = "DOCUMENTS", durableObjectNamespace = "DocumentObject")',
    '(name = "ASSETS", service = "assets")',
    ...Object.entries(variables).map(([name, value]) => `(name = ${text(name)}, json = ${text(JSON.stringify(value))})`),
    ...Object.entries(texts).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`)
  ]
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "objects", disk = (path = ${text(join(data, 'objects'))}, writable = true)),
    (name = "assets", disk = (path = ${text(assets)}))
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [${modules.map(module).join(', ')}],
  compatibilityDate = "${COMPATIBILITY_DATE}",
  compatibilityFlags = [${[...COMPATIBILITY_FLAGS, ...(unsafe ? ['unsafe_module'] : [])].map(text).join(', ')}],
  bindings = [${bindings.join(', ')}],
  durableObjectNamespaces = [(className = "DocumentObject", uniqueKey = "documents", enableSql = true)],
  durableObjectStorage = (localDisk = "objects")
);
`
}
