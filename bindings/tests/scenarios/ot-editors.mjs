// Three editors of one text in Chromium: Quill and a textarea through OT, CodeMirror through Yjs. Each types, the rich
// one formats, the plain one undoes; all show the same. A picture of them is left in `target/demo/`.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { until } from '../clients.mjs'
import { root, target } from '../folders.mjs'
import { Skipped } from '../skipped.mjs'

export const name = 'Quill, a textarea and CodeMirror in one text, in Chromium'
const BROWSER = process.env.MERGANSER_CHROMIUM ?? '/usr/bin/chromium'
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync']
const PACKAGE = join(root, 'bindings/browser/ot')
const PAGES = join(root, 'bindings/tests/pages')

export async function run ({ Server }) {
  if (!existsSync(BROWSER)) throw new Skipped(`there is no ${BROWSER}`)
  if (!existsSync(join(PACKAGE, 'dist/index.js'))) {
    throw new Error(`${PACKAGE} is not built: \`npm ci && npm run build\` there makes it`)
  }
  const pictures = join(target, 'demo')
  mkdirSync(pictures, { recursive: true })
  const pages = await servePage()
  const server = await new Server().start()
  const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS })
  const problems = []
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 400 }, colorScheme: 'light' })
    page.on('console', message => ['error', 'warning'].includes(message.type()) && problems.push(message.text()))
    page.on('pageerror', error => problems.push(String(error)))
    await page.goto(`${pages.url}/?server=${server.url}&room=editors`)
    const shown = () => page.evaluate(() => globalThis.shown())
    const same = async (what, text) => {
      let last
      await until(what, async () => {
        last = await shown()
        return last.isReady && last.isSynchronised &&
          [last.quill, last.textarea, last.codemirror].every(each => each === text)
      }, 10).catch(error => { throw new Error(`${error.message}: ${JSON.stringify({ wanted: text, ...last }, null, 1)}`) })
      return last
    }
    const at = async (selector, ...keys) => {
      await page.click(selector)
      for (const key of keys) await page.keyboard.press(key)
    }
    const type = text => page.keyboard.type(text, { delay: 3 })

    await same('all are connected', '')
    await at('.ql-editor')
    await type('Field notes')
    await same('Quill has typed', 'Field notes')
    await at('#textarea', 'Control+End')
    await type('\nA merganser dives 🦆')
    await same('the textarea has typed', 'Field notes\nA merganser dives 🦆')
    await at('.cm-content', 'Control+End', 'Backspace')
    await same('CodeMirror has deleted a surrogate pair', 'Field notes\nA merganser dives ')
    await page.keyboard.press('Backspace')
    await type(', and comes up somewhere else.')
    const line = 'A merganser dives, and comes up somewhere else.'
    await same('CodeMirror has typed', `Field notes\n${line}`)

    // The first line, and a word of the second.
    await at('.ql-editor', 'Control+Home', 'Shift+End', 'Control+b')
    await at('.ql-editor', 'Control+Home', 'ArrowDown', 'Home', 'ArrowRight', 'ArrowRight')
    for (let step = 0; step < 'merganser'.length; step++) await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('Control+b')
    let last
    const bold = { bold: true }
    const wanted = [
      { insert: 'Field notes', attributes: bold }, { insert: '\nA ' }, { insert: 'merganser', attributes: bold },
      { insert: ' dives, and comes up somewhere else.' }
    ]
    await until('the bold words are seen through Yjs', async () => {
      last = await shown()
      return JSON.stringify(last.formats) === JSON.stringify(wanted)
    }, 10).catch(error => { throw new Error(`${error.message}: ${JSON.stringify(last, null, 1)}`) })
    await same('formats change no text', `Field notes\n${line}`)

    // What is typed into the plain one takes on the format at its place; what it undoes is its own alone.
    await at('#textarea', 'Control+Home', 'End')
    // What follows within half a second would be undone together with what was typed before.
    await page.waitForTimeout(700)
    await type(' of today')
    await same('the textarea has typed into bold', `Field notes of today\n${line}`)
    assert.deepEqual((await shown()).formats[0], { insert: 'Field notes of today', attributes: bold })
    await at('.cm-content', 'Control+End')
    await type(' It is back.')
    await same('CodeMirror has typed meanwhile', `Field notes of today\n${line} It is back.`)
    await at('#textarea')
    await page.keyboard.press('Control+z')
    await same('the textarea has undone', `Field notes\n${line} It is back.`)
    await page.keyboard.press('Control+y')
    await same('the textarea has redone', `Field notes of today\n${line} It is back.`)
    await at('#textarea')
    await page.keyboard.press('Control+z')
    await same('the textarea has undone again', `Field notes\n${line} It is back.`)

    // All three edit at once.
    await page.evaluate(() => globalThis.write())
    await until('all have what was written at once', async () => {
      last = await shown()
      return last.isSynchronised && last.quill === last.textarea && last.quill === last.codemirror &&
        ['(quill)', '(textarea)', '(codemirror)'].every(word => last.quill.includes(word))
    }, 10).catch(error => { throw new Error(`${error.message}: ${JSON.stringify(last, null, 1)}`) })

    // An empty line at the end makes the newline that Quill ends with a shared one; it stays.
    await at('.ql-editor', 'Control+End')
    await type('\nSeen from the bridge.')
    const { rich, formats } = await same('Quill has typed a line', `${last.quill}\nSeen from the bridge.\n`)
    assert.deepEqual(plainly(rich), plainly(formats), 'Quill and Yjs have the same formats')
    await page.screenshot({ path: join(pictures, 'ot-editors.png') })
    assert.deepEqual((await shown()).problems, [])
    assert.deepEqual(problems, [])
    assert.equal(await server.refusals(), 0)
    return `picture in ${pictures}`
  } finally {
    await browser.close()
    await server.remove()
    pages.close()
  }
}

/** A content whose steps all name their formats. */
function plainly (content) {
  return content.map(({ insert, attributes = {} }) => ({ insert, attributes }))
}

/** Serves the page with the editors, bundled in memory. */
async function servePage () {
  const { outputFiles } = await build({
    entryPoints: { page: join(PAGES, 'ot-editors.js') },
    outdir: PAGES,
    bundle: true,
    write: false,
    format: 'iife',
    logLevel: 'silent'
  })
  const files = new Map([['/', ['text/html', readFileSync(join(PAGES, 'ot-editors.html'))]]])
  for (const { path, contents } of outputFiles) {
    const isScript = path.endsWith('.js')
    files.set(`/page.${isScript ? 'js' : 'css'}`, [isScript ? 'text/javascript' : 'text/css', contents])
  }
  const pages = createServer((request, response) => {
    const [type, body] = files.get(new URL(request.url, 'http://page').pathname) ?? []
    if (!type) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body)
  })
  await new Promise(resolve => pages.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${pages.address().port}`,
    close: () => { pages.closeAllConnections(); pages.close() }
  }
}
