// Builds dist: each module as it is, their types, and one minified file with everything that a textarea needs.
import { build } from 'esbuild'
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname
rmSync(join(here, 'dist'), { recursive: true, force: true })

await build({
  entryPoints: readdirSync(join(here, 'src')).map(name => join(here, 'src', name)),
  outdir: join(here, 'dist'),
  format: 'esm',
  target: 'es2022'
})
await build({
  entryPoints: [join(here, 'src/index.ts')],
  outfile: join(here, 'dist/merganser-ot.min.js'),
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022'
})
execFileSync(process.execPath, [join(here, 'node_modules/typescript/bin/tsc'), '-p', here], { stdio: 'inherit' })
