// Nothing stays of a request that was ended, in whatever state it was: what it was given is
// collected. And V8 is told of the memory that hangs on handles.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'node:test'
import { Session } from 'librq'
import { endless } from './endless.mjs'
import { eventually, testd } from './testd.mjs'

const { HTTP, BLACKHOLE, SILENT } = await testd()
const server = await endless()
const MIB = 1 << 20
const large = Buffer.alloc(64 * MIB)
const never = () => new Promise(() => {})

/** A function that holds the marker and never comes to an end. */
const holding = (marker) => async () => { await never(); return marker }

async function * stalled (marker) {
  await never()
  yield marker
}

/** What a session does until the signal ends it; the marker is held by what it was given. */
const states = {
  idle: async (session) => (await session.get(`${HTTP}/json`)).text(),
  connecting: (session, signal) => session.get(BLACKHOLE, { signal }),
  'in a TLS handshake': (session, signal) => session.get(`https://${SILENT}/`, { signal }),
  sending: (session, signal) => session.post(`${HTTP}/no-read`, { body: large, signal }),
  'waiting for the head': (session, signal) => session.get(`${HTTP}/stall-head`, { signal }),
  'reading the body': async (session, signal) =>
    (await session.get(server.url, { signal })).bytes(),
  'reading lines': async (session, signal) => {
    const response = await session.get(`${HTTP}/drip/100000/1000`, { signal })
    await response.lines().next()
  },
  'reading a Node stream': async (session, signal) =>
    (await session.get(server.url, { signal })).stream().forEach(() => {}),
  'reading a Web stream': async (session, signal) =>
    new Response((await session.get(server.url, { signal })).body).text(),
  'in an auth function': (session, signal, marker) =>
    session.get(`${HTTP}/json`, { signal, auth: holding(marker) }),
  'in a request hook': (session, signal, marker) =>
    session.get(`${HTTP}/json`, { signal, hooks: { request: holding(marker) } }),
  'in a response hook': (session, signal, marker) =>
    session.get(`${HTTP}/json`, { signal, hooks: { response: holding(marker) } }),
  'in an adapter': (session, signal, marker) => {
    session.mount('mock://', holding(marker))
    return session.get('mock://a/', { signal })
  },
  'waiting for a piece of its body': (session, signal, marker) =>
    session.post(`${HTTP}/upload`, { signal, body: stalled(marker) }),
  'waiting for a stream': (session, signal, marker) =>
    session.post(`${HTTP}/upload`, { signal, body: new ReadableStream({ cancel: () => marker }) }),
  'waiting to try again': (session, signal) => session.get(`${HTTP}/status/500`, { signal,
    retries: { count: 9, statuses: [500], backoff: 60, backoffMax: 600 } }),
  'fetching: the head': (session, signal) => session.fetch(`${HTTP}/stall-head`, { signal }),
  'fetching: the body': async (session, signal) =>
    (await session.fetch(server.url, { signal })).text(),
  'fetching: a stream': (session, signal, marker) => session.fetch(`${HTTP}/upload`, { signal,
    method: 'POST', duplex: 'half', body: new ReadableStream({ cancel: () => marker }) })
}

/** Ends that state, and gives weak references to all that took part. */
async function ended (state) {
  const [session, controller, marker] = [new Session(), new AbortController(), {}]
  const doing = state(session, controller.signal, marker)
  doing.catch(() => {})
  await sleep(50)
  controller.abort()
  if (state === states.idle) await doing
  else await assert.rejects(doing, { name: 'AbortError' })
  return [session, controller, controller.signal, marker].map((held) => new WeakRef(held))
}

async function collected (refs) {
  await eventually(() => {
    globalThis.gc()
    return refs.every((ref) => ref.deref() === undefined)
  }, 'all of it collected')
}

for (const [name, state] of Object.entries(states)) {
  test(`nothing stays of a request that was ended: ${name}`, async () => {
    await collected((await Promise.all(Array.from({ length: 5 }, () => ended(state)))).flat())
    await server.empty()
  })
}

// ---- memory that V8 is told of ----

const external = createRequire(import.meta.url)('../build/rq_node.node').memoryTold

/** V8's count comes down to less than that. */
const below = (bytes, what) => eventually(() => {
  globalThis.gc()
  return external() < bytes
}, what)

test('open responses, and their buffers', async () => {
  globalThis.gc()
  const before = external()
  const session = new Session()
  const kept = []
  const open = async () => {
    const response = await session.get(server.url)
    const pieces = response[Symbol.asyncIterator]()
    await pieces.next()
    kept.push(response, pieces)
  }
  for (let i = 0; i < 50; i++) await open()
  assert.ok(external() > before + 50 * 64 * 1024)
  kept.length = 0
  await below(before + 10 * 64 * 1024, 'open responses are taken off the count')
  await server.empty()
})

test('bodies that librq keeps', async () => {
  globalThis.gc()
  const before = external()
  let response = await new Session().get(`${HTTP}/bytes/${4 * MIB}`)
  await response.text()
  assert.ok(external() > before + 4 * MIB)
  assert.equal((await response.bytes()).length, 4 * MIB)
  assert.ok(external() > before + 8 * MIB)
  response = null
  await below(before + MIB, 'a kept body is taken off the count')
})

test('small bodies that came with the head', async () => {
  globalThis.gc()
  const before = external()
  const session = new Session()
  const kept = []
  for (let i = 0; i < 20; i++) kept.push(await session.get(`${HTTP}/bytes/60000`))
  assert.ok(external() > before + 20 * 60_000)
  kept.length = 0
  await below(before + 10 * 60_000, 'small bodies are taken off the count')
})

test('bodies of prepared requests, also when they are changed', async () => {
  const body = Buffer.alloc(8 * MIB)
  globalThis.gc()
  const before = external()
  let prepared = new Session().prepare('POST', HTTP, { body })
  assert.ok(external() > before + 7 * MIB)
  prepared.body = 'short'
  await below(before + MIB, 'a body that was replaced is taken off the count')
  prepared.body = body
  assert.ok(external() > before + 7 * MIB)
  prepared = null
  await below(before + MIB, 'a collected body is taken off the count')
})

test('large bodies that nobody holds are collected without being asked for', async () => {
  const session = new Session()
  const body = Buffer.alloc(4 * MIB, 'x')
  const before = process.memoryUsage.rss()
  for (let i = 0; i < 300; i++) {
    session.prepare('POST', HTTP, { body })
    await new Promise(setImmediate)
  }
  const grown = process.memoryUsage.rss() - before
  assert.ok(grown < 400 * MIB, `${grown / MIB} MiB more`)
})
