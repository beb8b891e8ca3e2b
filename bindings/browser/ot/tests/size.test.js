// What a page with a textarea loads stays at about 3 KB.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'

const source = join(import.meta.dirname, '../src')

/** The size of a bundle of these modules, minified and compressed. */
const size = (...names) => {
  const { outputFiles } = buildSync({
    ...names.length === 1
      ? { entryPoints: [join(source, `${names[0]}.ts`)] }
      : { stdin: { contents: names.map(name => `export * from './${name}.ts'`).join('\n'), resolveDir: source } },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

test('sizes', t => {
  const whole = size('index')
  const sizes = {
    'delta, client, undo, socket and textarea': whole,
    'without undo': size('client', 'socket', 'textarea'),
    'client, socket and quill': size('client', 'socket', 'quill'),
    'client and http': size('client', 'http'),
    delta: size('delta')
  }
  for (const [name, bytes] of Object.entries(sizes)) t.diagnostic(`${name}: ${bytes} bytes`)
  assert.ok(whole < 3200, `${whole} bytes`)
})
