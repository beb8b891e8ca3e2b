// Builds the package `merganser-durable-object` where it comes as a folder with its sources, and is not built yet.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

const folder = realpathSync(join(import.meta.dirname, 'node_modules/merganser-durable-object'))
for (const [made, command] of [['node_modules/esbuild', ['ci']], ['dist/worker.js', ['run', 'build']]]) {
  if (existsSync(join(folder, made))) continue
  const { status } = spawnSync('npm', command, { cwd: folder, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
