// The end of a program or of a worker thread, in every state that a request can be in.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

/** A request that is in its hook, which does so with r, for s. */
const hooked = (kind, does) => `let called; const inHook = new Promise((f) => { called = f });
  const hooks = { ${kind}: async (r) => { called(); ${does} } };
  const s = new Session(); s.get('${HTTP}/json', { hooks }); await inHook; await sleep(20)`

/** A request to an adapter, which does so with r, for s. */
const mocked = (does) => `let called; const inAdapter = new Promise((f) => { called = f });
  const s = new Session(); s.mount('mock://', async (r) => { called(); ${does} });
  s.get('mock://a/'); await inAdapter; await sleep(20)`

const states = {
  'nothing done': '',
  'a session': 'new Session()',
  'a kept connection':
    `globalThis.s = new Session(); await (await s.get('${HTTP}/json')).text()`,
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
  'sending to who does not read': `const s = new Session();
    s.post('${HTTP}/no-read', { body: Buffer.alloc(64 << 20) }); await sleep(50)`,
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
  'waiting for an auth function': `let called; const inAuth = new Promise((f) => { called = f });
    const s = new Session({ auth: () => new Promise(called) });
    s.get('${HTTP}/json'); await inAuth`,
  'waiting for a request hook': hooked('request', 'await new Promise(() => {})'),
  'waiting for a response hook': hooked('response', 'await new Promise(() => {})'),
  'more waiting for hooks than threads':
    `const s = new Session({ hooks: { response: () => new Promise(() => {}) } });
    for (let i = 0; i < 200; i++) s.get('${HTTP}/json'); await sleep(200)`,
  'reading in a hook':
    hooked('response', 'await r.bytes()').replace('/json', '/drip/100000/1000'),
  'reading in a hook what is never read':
    hooked('response', `r.bytes(); await sleep(50)`).replace('/json', '/drip/100000/1000'),
  'sending in a hook': hooked('request',
    `if (!r.url.endsWith('stall-head')) await s.get('${HTTP}/stall-head')`),
  'with an answer of a hook on its way': `const s = new Session({ hooks: {
      request: async () => { await sleep(1) }, response: async () => { await sleep(1) } } });
    const again = () => s.get('${HTTP}/redirect/9').then(again);
    for (let i = 0; i < 20; i++) again(); await sleep(50)`,
  'waiting for an adapter': mocked('await new Promise(() => {})'),
  'more waiting for adapters than threads': `const s = new Session();
    s.mount('mock://', () => new Promise(() => {}));
    for (let i = 0; i < 200; i++) s.get('mock://a/'); await sleep(200)`,
  'sending in an adapter': mocked(`await s.get('${HTTP}/stall-head')`),
  'with an answer of an adapter on its way': `const s = new Session();
    s.mount('mock://', async () => { await sleep(1); return { body: 'text' } });
    const again = () => s.get('mock://a/').then(again);
    for (let i = 0; i < 20; i++) again(); await sleep(50)`,
  'reading what took the place of another response': `const s = new Session();
    const hooks = { response: () => s.get('${HTTP}/drip/100000/1000') };
    const r = await s.get('${HTTP}/json', { hooks }); r.bytes(); await sleep(50)`,
  'reading a hop': `const s = new Session(); const r = await s.get('${HTTP}/redirect/1');
    r.history[0].text()`,
  'reading a Node stream': `const r = await get('${HTTP}/drip/100000/1000');
    r.stream().resume(); await sleep(50)`,
  'reading a Web stream': `const r = await get('${HTTP}/drip/100000/1000');
    const reader = r.body.getReader(); await reader.read(); reader.read()`,
  'fetching: waiting for the head': `fetch('${HTTP}/stall-head'); await sleep(50)`,
  'fetching: reading the body': `const r = await fetch('${HTTP}/drip/100000/1000');
    r.text(); await sleep(50)`,
  'fetching: waiting for a piece of the body': `
    fetch('${HTTP}/upload', { method: 'POST', duplex: 'half', body: new ReadableStream() });
    await sleep(50)`,
  'reading lines': `const r = await get('${HTTP}/drip/100000/1000');
    r.lines().next(); await sleep(50)`,
  'saving a body': `const r = await get('${HTTP}/drip/100000/1000');
    r.save('${join(tmpdir(), `librq-${process.pid}`)}'); await sleep(50)`,
  'telling its steps': `const s = new Session(); let told;
    const some = new Promise((resolve) => { told = resolve });
    s.get('${HTTP}/stall-body', { hooks: { trace: told } }); await some`,
  'waiting to try again': `const s = new Session({ retries: { count: 9, statuses: [500],
      backoff: 60, backoffMax: 600 } }); s.get('${HTTP}/status/500'); await sleep(50)`,
  'writing cookies': `const s = new Session(); s.cookies.load('/dev/null').catch(() => {})`,
  aborted: `const c = new AbortController();
    get('${HTTP}/stall-head', { signal: c.signal }).catch(() => {}); await sleep(50); c.abort()`
}

const program = (state, end) => `
  const { setTimeout: sleep } = await import('node:timers/promises');
  const { Session, fetch, get } = await import('${new URL('../lib/index.mjs', import.meta.url)}');
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
