// Opens every page of the site in headless Chromium, from file://, and looks at what it does.
//
//   node browse.mjs SITE CHROMIUM [SHOTS]      SHOTS: a folder for pictures of some pages
//
// A page fails if it logs an error, if it asks for anything that is not a file, if something that
// it asks for is missing, or if it is wider than its window. Then the parts that need a script:
// search, tabs, colours. Links are check.py's business.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [site, chromiumPath, shots] = process.argv.slice(2)
// The browser's driver is installed in target/, not beside this file.
const require = createRequire(join(resolve(process.env.RQ_DOCS_NODE), 'package.json'))
const { chromium } = require('playwright-core')
const address = page => pathToFileURL(join(resolve(site), page)).href
const pages = readdirSync(site, { recursive: true }).filter(name => name.endsWith('.html')).sort()

const profile = mkdtempSync(join(tmpdir(), 'rq-docs-'))
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: chromiumPath,
  headless: true,
  viewport: { width: 1360, height: 900 },
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update']
})

/** A new page of the browser, and the list of what goes wrong on it. */
async function watched () {
  const page = await browser.newPage()
  const faults = []
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text())
  })
  page.on('pageerror', error => faults.push(String(error)))
  page.on('requestfailed', request => faults.push(`failed: ${request.url()}`))
  page.on('request', request => {
    if (!/^(file|data):/.test(request.url())) faults.push(`outside: ${request.url()}`)
  })
  return { page, faults }
}

async function everyPageLoads () {
  const { page, faults } = await watched()
  let blocks = 0
  for (const name of pages) {
    faults.length = 0
    for (const width of [1360, 420]) {
      await page.setViewportSize({ width, height: 900 })
      await page.goto(address(name))
      const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      if (wide > 0) faults.push(`${wide} pixels wider than a window of ${width}`)
    }
    const counts = await page.evaluate(() => ({
      headings: document.querySelectorAll('main h1').length,
      plain: [...document.querySelectorAll('pre.code')].filter(block =>
        block.dataset.language !== 'text' && !block.querySelector('span')).length,
      blocks: document.querySelectorAll('pre.code span').length
    }))
    if (counts.headings !== 1) faults.push(`${counts.headings} headings of the first order`)
    if (counts.plain) faults.push(`${counts.plain} code blocks without colours`)
    blocks += counts.blocks
    assert.deepEqual(faults, [], name)
  }
  assert.ok(blocks > 1000, `only ${blocks} coloured words: is code still highlighted?`)
  await page.close()
}

async function searchFinds () {
  const { page, faults } = await watched()
  await page.goto(address('reference/sending.html'))
  await page.keyboard.press('/')
  for (const [query, wanted] of [
    ['rq_send', /reference\/sending\.html#rq_send$/], ['Session', /session/i],
    ['timeout', /timeout/i], ['RQ_ERR_DNS', /errors\.html|reference\/constants\.html/]
  ]) {
    await page.fill('#query', query)
    const found = await page.locator('#results a').evaluateAll(
      links => links.map(link => [link.href, link.textContent]))
    assert.ok(found.length > 0, `${query}: nothing found`)
    assert.ok(wanted.test(found[0].join(' ')) || wanted.test(found[0][0]), `${query}: ${found[0]}`)
  }
  await page.fill('#query', 'nowhereToBeFound')
  assert.equal(await page.locator('#results a').count(), 0)
  await page.fill('#query', 'rq_body_read_full')
  await page.keyboard.press('Enter')
  await page.waitForURL(/reference\/bodies\.html#rq_body_read_full$/)
  assert.ok(await page.locator('#rq_body_read_full').isVisible())
  assert.deepEqual(faults, [])
  await page.close()
}

async function tabsSwitch () {
  const { page, faults } = await watched()
  await page.goto(address('index.html'))
  const shown = () => page.locator('.tabs').first().locator('section:visible')
    .evaluateAll(sections => sections.map(section => section.dataset.tab))
  assert.equal((await shown()).length, 1)
  for (const name of ['Node', 'Go', 'C']) {
    await page.locator('.tabs').first().getByRole('tab', { name, exact: true }).click()
    assert.deepEqual(await shown(), [name])
  }
  await page.keyboard.press('ArrowRight')
  assert.deepEqual(await shown(), ['Go'], 'arrow keys switch tabs')
  await page.reload()
  assert.deepEqual(await shown(), ['Go'], 'the choice is kept')
  assert.deepEqual(faults, [])
  await page.close()
}

async function coloursFollowTheScheme () {
  const { page } = await watched()
  await page.goto(address('index.html'))
  const seen = []
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    seen.push(await page.evaluate(() => {
      const of = name => getComputedStyle(document.querySelector(name))
      return [of('body').backgroundColor, of('pre.code').color, of('pre.code .k').color]
    }))
  }
  const [light, dark] = seen
  assert.notEqual(light[0], dark[0], 'the paper is dark in the dark')
  for (const [, text, word] of seen) assert.notEqual(text, word, 'code has colours')
  await page.close()
}

async function pictures () {
  mkdirSync(shots, { recursive: true })
  const { page } = await watched()
  const take = async (name, file, scheme, height) => {
    await page.emulateMedia({ colorScheme: scheme })
    await page.setViewportSize({ width: 1360, height })
    await page.goto(address(name))
    await page.screenshot({ path: join(shots, file) })
  }
  await take('index.html', 'index.png', 'light', 1100)
  await take('reference/sending.html', 'function.png', 'light', 1100)
  await take('errors.html', 'errors.png', 'light', 1400)
  const last = pages.includes('examples.html') ? 'examples.html' : 'c.html'
  await take(last, 'examples.png', 'dark', 1100)
  await page.close()
}

try {
  await everyPageLoads()
  await searchFinds()
  await tabsSwitch()
  await coloursFollowTheScheme()
  if (shots) await pictures()
  console.log(`${pages.length} pages opened in Chromium`)
} finally {
  await browser.close()
  rmSync(profile, { recursive: true, force: true })
}
