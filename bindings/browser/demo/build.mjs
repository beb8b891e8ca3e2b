// Builds the demo into the server's assets. With `--check` it writes nothing, and fails where they differ.
import { build } from 'esbuild'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname
const assets = join(here, '../../server/assets')
const isCheck = process.argv.includes('--check')

const bundle = await build({
  entryPoints: [join(here, 'src/main.js')],
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
  metafile: true,
  write: false
})
const style = await build({
  entryPoints: [join(here, 'src/style.css')], absWorkingDir: here, minify: true, target: 'chrome123', write: false
})

const files = new Map([
  ['demo.js', bundle.outputFiles[0].text],
  ['demo.css', style.outputFiles[0].text],
  ['index.html', readFileSync(join(here, 'src/index.html'), 'utf8')],
  ['icon.svg', readFileSync(join(here, 'src/icon.svg'), 'utf8')],
  ['licences.txt', licences(Object.keys(bundle.metafile.inputs))]
])

const differing = [...files].filter(([name, text]) => {
  const path = join(assets, name)
  return !existsSync(path) || readFileSync(path, 'utf8') !== text
})
if (!isCheck) {
  for (const [name, text] of differing) writeFileSync(join(assets, name), text)
  console.log([...files].map(([name, text]) => `${name}: ${Buffer.byteLength(text)} bytes`).join('\n'))
} else if (differing.length > 0) {
  console.error(`not as built from the sources: ${differing.map(([name]) => name).join(', ')} (run: npm run build)`)
  process.exit(1)
}

/** The licences of the packages whose code is in the bundle. */
function licences (inputs) {
  const packages = new Set(inputs.map(input => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]).filter(Boolean))
  return [...packages].sort().map(name => {
    const folder = join(here, 'node_modules', name)
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const file = readdirSync(folder).find(file => /^licen[cs]e/i.test(file))
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `Licence: ${license}`
    return `${name} ${version}\n\n${text}\n`
  }).join(`\n${'-'.repeat(80)}\n\n`)
}
