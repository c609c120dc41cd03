// The end of a program or of a worker thread, in every state that a request can be in.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import { get } from 'librq'
import { endless } from './endless.mjs'
import { testd } from './testd.mjs'

const { HTTP, BLACKHOLE, SILENT } = await testd()

const upload = `let ask; const asked = new Promise((resolve) => { ask = resolve });
  const s = new Session();
  s.post('${HTTP}/upload', { body: (async function * () { yield new Promise(ask) })() })`

const states = {
  'nothing done': '',
  'a session': 'new Session()',
  'a request done': `await (await get('${HTTP}/json')).text()`,
  'a request on its way': `get('${HTTP}/json')`,
  connecting: `get('${BLACKHOLE}'); await sleep(50)`,
  'in a TLS handshake': `get('https://${SILENT}/'); await sleep(50)`,
  'waiting for the head': `get('${HTTP}/stall-head'); await sleep(50)`,
  'more waiting than threads':
    `for (let i = 0; i < 100; i++) get('${HTTP}/stall-head'); await sleep(50)`,
  'waiting for a small body': `get('${HTTP}/stall-body'); await sleep(50)`,
  'a response that nobody reads': `globalThis.open = await get('${HTTP}/drip/100000/1')`,
  'reading a body': `const r = await get('${HTTP}/drip/100000/1000'); r.bytes(); await sleep(50)`,
  'a prepared request being sent':
    `const s = new Session(); s.send(s.prepare('GET', '${HTTP}/stall-head')); await sleep(50)`,
  'waiting for a piece of its body': `${upload}; await asked`,
  'waiting for a piece of a prepared body': `${upload.replace(/post\((.*), (.*)\)/,
    "send(s.prepare('POST', $1, $2))")}; await asked`,
  'more waiting for pieces than threads':
    `for (let i = 0; i < 100; i++) { ${upload} } await sleep(50)`,
  'sending without an end': `const s = new Session();
    s.post('${HTTP}/upload', { body: (function * () { for (;;) yield 'x'.repeat(100_000) })() });
    await sleep(50)`,
  'with an answer on its way to the body': `const s = new Session();
    const drip = async function * () { for (;;) { await sleep(1); yield 'x' } };
    s.post('${HTTP}/upload', { body: drip() });
    await sleep(50)`,
  'telling its progress': `const s = new Session(); let told;
    const some = new Promise((resolve) => { told = resolve });
    s.post('${HTTP}/no-read', { body: Buffer.alloc(64 << 20), onProgress: told }); await some`,
  'writing cookies': `const s = new Session(); s.cookies.load('/dev/null').catch(() => {})`,
  aborted: `const c = new AbortController();
    get('${HTTP}/stall-head', { signal: c.signal }).catch(() => {}); await sleep(50); c.abort()`
}

const program = (state, end) => `
  const { setTimeout: sleep } = await import('node:timers/promises');
  const { Session, get } = await import('${new URL('../lib/index.mjs', import.meta.url)}');
  ${state};
  ${end};`

/** Runs the program in a process of its own and tells how it ended. */
async function run (text) {
  const options = { timeout: 10_000, killSignal: 'SIGKILL' }
  try {
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', text], options)
    return 0
  } catch (error) {
    if (error.code === 42) return 42
    throw error
  }
}

for (const [name, state] of Object.entries(states)) {
  test(`process.exit: ${name}`, async () => {
    assert.equal(await run(program(state, 'process.exit(42)')), 42)
  })
}

test('a program ends by itself once its requests are done', async () => {
  const text = `(await get('${HTTP}/json')).text(); get('${HTTP}/json')`
  assert.equal(await run(program(text, '')), 0)
})

test('an open response does not keep a program alive', async () => {
  assert.equal(await run(program(states['a response that nobody reads'], '')), 0)
})

/** A worker thread that runs the program; its first message says that it got to the end. */
async function worker (text) {
  const started = new Worker(`(async () => { ${text} })()`, { eval: true })
  await once(started, 'message')
  return started
}

const ready = "require('node:worker_threads').parentPort.postMessage('ready')"

for (const [name, state] of Object.entries(states)) {
  test(`worker.terminate: ${name}`, async () => {
    const started = await worker(program(state, ready))
    const begin = performance.now()
    await started.terminate()
    assert.ok(performance.now() - begin < 2000)
  })
}

test('worker threads and the main thread at the same time', async () => {
  const text = `for (let i = 0; i < 50; i++) await (await get('${HTTP}/json')).text()`
  const started = Array.from({ length: 4 }, () => worker(program(text, ready)))
  const own = Array.from({ length: 50 }, async () => (await get(`${HTTP}/json`)).status)
  assert.deepEqual(new Set(await Promise.all(own)), new Set([200]))
  for (const ended of await Promise.all(started)) await ended.terminate()
})

test('what a terminated worker thread left open is closed', async () => {
  const server = await endless()
  const started = await worker(program(`await get('${server.url}')`, ready))
  assert.equal(server.open.size, 1)
  await started.terminate()
  await server.empty()
})
