// Builds the Worker and serves it on this machine: `npm run dev [-- --port=8787 --data=FOLDER]`.
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { startWorkerd } from './workerd.mjs'

const here = import.meta.dirname
const given = name => process.argv.find(argument => argument.startsWith(`--${name}=`))?.slice(name.length + 3)
const port = Number(given('port') ?? 8787)
const data = resolve(given('data') ?? join(here, '.data'))

const { status } = spawnSync('node', [join(here, 'build.mjs')], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
const { child, listening } = await startWorkerd({ folder: join(here, 'dist'), data, port, output: 'inherit' })
const stop = () => child.kill()
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
child.once('exit', code => process.exit(code ?? 0))
console.log(`http://127.0.0.1:${await listening}/ (documents are in ${data})`)
