// The demo page in Chromium: two windows type into one document, see each other's cursors, go offline and back.
// Pictures of them are left in `target/demo/`.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { until } from '../clients.mjs'
import { target } from '../folders.mjs'
import { Skipped } from '../skipped.mjs'

export const name = 'the demo in Chromium'
const BROWSER = process.env.MERGANSER_CHROMIUM ?? '/usr/bin/chromium'
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync']
const ROOM = 'ärger & duck/pond'

export async function run ({ Server }) {
  if (!existsSync(BROWSER)) throw new Skipped(`there is no ${BROWSER}`)
  const pictures = join(target, 'demo')
  mkdirSync(pictures, { recursive: true })
  const server = await new Server().start()
  const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS })
  const problems = []
  const open = async (options) => {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    page.on('console', message => message.type() === 'error' && problems.push(message.text()))
    page.on('pageerror', error => problems.push(String(error)))
    page.on('request', request => request.url().startsWith(server.http) || problems.push(`asked for ${request.url()}`))
    await page.goto(`${server.http}/?room=${encodeURIComponent(ROOM)}`)
    await page.waitForSelector('#state[data-state=synced]')
    return page
  }
  try {
    const ada = await open({ viewport: { width: 1180, height: 760 }, colorScheme: 'light' })
    const bo = await open({ viewport: { width: 390, height: 720 }, colorScheme: 'dark' })
    await rename(ada, 'Ada Lovelace', 5)
    await rename(bo, 'Bo', 8)
    assert.equal(await ada.textContent('#room'), ROOM)

    await type(ada, '# Field notes\n\nA **merganser** dives, and comes up somewhere else.\n\n- it keeps what you wrote\n')
    await until('Bo sees it', async () => (await text(bo)).includes('keeps what you wrote'))
    await type(bo, '- it works from a phone')
    await until('Ada sees it', async () => (await text(ada)).endsWith('works from a phone'))
    await ada.waitForSelector('.cm-ySelectionCaret')
    await bo.waitForSelector('.cm-ySelectionCaret', { state: 'attached' })
    await until('Ada sees whose cursor it is', async () => await ada.textContent('.cm-ySelectionInfo') === 'Bo')
    await until('Ada sees who is here', async () => await ada.textContent('#presence') === '2 people are here')
    assert.equal(await ada.getAttribute('.person:not(.own)', 'title'), 'Bo')
    await ada.screenshot({ path: join(pictures, 'wide-light.png') })
    await bo.screenshot({ path: join(pictures, 'narrow-dark.png') })

    await bo.click('#offline')
    await bo.waitForSelector('#state[data-state=offline]')
    await until('Ada sees Bo go', async () => await ada.textContent('#presence') === 'Only you are here')
    await type(bo, '\n- and on a train, with no connection')
    await type(ada, '\n\nWritten meanwhile.')
    assert.ok(!(await text(ada)).includes('on a train'))
    assert.match(await bo.textContent('#notice'), /changes? waits?/)
    await bo.screenshot({ path: join(pictures, 'narrow-offline.png') })
    await bo.click('#offline')
    await until('both are merged', async () => (await text(ada)).includes('on a train') && await text(ada) === await text(bo))
    assert.ok((await text(bo)).includes('Written meanwhile.'))
    await until('Ada sees Bo again', async () => await ada.textContent('#presence') === '2 people are here', 5)

    await ada.click('#theme')
    await ada.click('.person.own')
    await ada.waitForSelector('#person:popover-open')
    await ada.screenshot({ path: join(pictures, 'wide-dark-person.png') })
    const [width, scroll] = await bo.evaluate(() => [innerWidth, document.documentElement.scrollWidth])
    assert.ok(scroll <= width, 'a narrow window does not scroll sideways')

    await server.stop('SIGKILL')
    await ada.waitForSelector('#state[data-state=lost]')
    await ada.keyboard.press('Escape')
    await type(ada, ' Also while the server was down.')
    await server.start()
    await ada.waitForSelector('#state[data-state=synced]')
    await until('Bo has it', async () => (await text(bo)).includes('while the server was down'))
    const refusals = problems.filter(problem => !/ERR_CONNECTION_REFUSED|WebSocket connection to/.test(problem))
    assert.deepEqual(refusals, [])
    return `pictures in ${pictures}`
  } finally {
    await browser.close()
    await server.remove()
  }
}

async function rename (page, name, colour) {
  await page.click('.person.own')
  await page.fill('#person input[name=name]', name)
  // Editors don't draw a cursor anew whose colour stays: another one than by chance is chosen.
  const isChosen = await page.isChecked(`.swatches label:nth-child(${colour}) input`)
  await page.click(`.swatches label:nth-child(${isChosen ? colour - 1 : colour})`)
  await page.click('#person button')
}

async function type (page, written) {
  await page.click('.cm-content')
  await page.keyboard.press('Control+End')
  await page.keyboard.type(written, { delay: 2 })
}

function text (page) {
  return page.evaluate(() => [...document.querySelectorAll('.cm-line')]
    .map(line => {
      const copy = line.cloneNode(true)
      copy.querySelectorAll('.cm-ySelectionCaret').forEach(caret => caret.remove())
      return copy.textContent
    }).join('\n'))
}
