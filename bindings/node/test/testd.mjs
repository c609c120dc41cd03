// The test server: the one whose addresses are in the environment, or else one started here,
// which ends with the file of tests that asked for it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'

const NAMES = ['HTTP', 'HTTPS', 'CA_FILE', 'HTTPS_UNTRUSTED', 'HTTPS_WRONG_HOST', 'HTTPS_EXPIRED',
  'MTLS', 'SERVER_PIN', 'CLIENT_CERT', 'CLIENT_KEY_LOCKED', 'CLIENT_PASSWORD',
  'REFUSED', 'BLACKHOLE', 'SILENT', 'PLAIN_AS_TLS']

/** The addresses by name: { HTTP: 'http://127.0.0.1:…', … }, as RQ_TEST_… without its beginning. */
export async function testd () {
  const found = process.env.RQ_TEST_HTTP ? process.env : await start()
  return Object.fromEntries(NAMES.map((name) => [name, found[`RQ_TEST_${name}`]]))
}

async function start () {
  const child = spawn(program(), ['--serve'], { stdio: ['pipe', 'pipe', 'inherit'] })
  after(async () => {
    child.stdin.end()
    if (child.exitCode === null) await once(child, 'exit')
  })
  const found = {}
  for await (const line of createInterface(child.stdout)) {
    const [name, value] = line.split(/=(.*)/)
    found[name] = value
    if (NAMES.every((wanted) => `RQ_TEST_${wanted}` in found)) return found
  }
  throw new Error('testd ended before it named its addresses')
}

function program () {
  const target = fileURLToPath(new URL('../../../target', import.meta.url))
  const built = ['release', 'debug'].map((profile) => `${target}/${profile}/testd`)
  return process.env.RQ_TESTD ?? built.find(existsSync) ?? 'testd'
}

/** Waits until check() gives something true, and gives that. */
export async function eventually (check, what) {
  const until = Date.now() + 10_000
  for (;;) {
    const result = await check()
    if (result) return result
    if (Date.now() > until) throw new Error(`10 s went by without: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
