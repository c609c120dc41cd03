// Handles that are dropped without being closed: collected, and their connections with them.

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import test from 'node:test'
import { Session } from 'librq'
import { endless } from './endless.mjs'
import { eventually, testd } from './testd.mjs'

const { HTTP } = await testd()
const server = await endless()

async function collected (refs, what) {
  await eventually(() => {
    globalThis.gc()
    return refs.every((ref) => ref.deref() === undefined)
  }, `${what} collected`)
}

test('dropped sessions are collected and close their connections', async () => {
  const use = async () => {
    const session = new Session()
    await (await session.get(`${server.url}/short`)).text()
    return new WeakRef(session)
  }
  const refs = await Promise.all(Array.from({ length: 10 }, use))
  await collected(refs, 'sessions')
  await server.empty()
})

test('dropped responses are collected and close their connections', async () => {
  const session = new Session()
  const use = async () => new WeakRef(await session.get(server.url))
  const refs = await Promise.all(Array.from({ length: 10 }, use))
  assert.equal(server.open.size, 10)
  await collected(refs, 'responses')
  await server.empty()
})

test('responses read to the end leave one connection, whether collected or not', async () => {
  const session = new Session()
  const use = async () => {
    const response = await session.get(`${HTTP}/bytes/100000`)
    await response.bytes()
    return [new WeakRef(response), response.headers.get('X-Connection')]
  }
  const used = []
  for (let i = 0; i < 10; i++) used.push(await use())
  await collected(used.map(([ref]) => ref), 'responses')
  assert.equal(new Set(used.map(([, connection]) => connection)).size, 1)
  assert.equal((await session.get(`${HTTP}/json`)).reused, true)
})

test('a signal that lives on holds no dropped response', async () => {
  const session = new Session()
  const { signal } = new AbortController()
  const use = async () => new WeakRef(await session.get(server.url, { signal }))
  const refs = await Promise.all([use(), use(), use()])
  assert.equal(getEventListeners(signal, 'abort').length, 1)
  await collected(refs, 'responses')
  await server.empty()
  await eventually(() => getEventListeners(signal, 'abort').length === 0, 'no listener is left')
})

test('prepared requests are collected, a request in flight keeps what it needs', async () => {
  let prepared = new Session().prepare('GET', `${HTTP}/delay/200`)
  let session = new Session()
  const sent = session.send(prepared)
  const refs = [new WeakRef(prepared), new WeakRef(session)]
  prepared = session = null
  globalThis.gc()
  assert.equal(await (await sent).text(), 'slept')
  await collected(refs, 'the prepared request and its session')
})

test('responses with hooks, histories and requests are collected', async () => {
  const hook = () => {}
  const hooks = { request: hook, response: hook, trace: hook, download: hook }
  const session = new Session({ hooks })
  const use = async () => {
    const response = await session.get(`${HTTP}/redirect/1`, { hooks: { response: () => {} } })
    const { request, history: [first] } = response
    await response.text()
    return [response, request, first, first.request].map((value) => new WeakRef(value))
  }
  const refs = await Promise.all(Array.from({ length: 10 }, use))
  await collected(refs.flat(), 'responses')
})

test('a part of a response keeps what it needs of it', async () => {
  const session = new Session()
  const use = async () => (await session.get(`${HTTP}/redirect/1`)).history[1].request
  const request = await use()
  const keep = await session.get(`${HTTP}/bytes/1000000`)
  globalThis.gc()
  assert.equal(request.url, `${HTTP}/redirect/0`)
  assert.equal((await keep.request.url).slice(HTTP.length), '/bytes/1000000')
})

test('what a hook was lent, and dropped, is not missed', async () => {
  const hooks = { request: () => globalThis.gc(), response: () => globalThis.gc() }
  const response = await new Session().get(`${HTTP}/redirect/3`, { hooks })
  assert.equal(response.history.length, 4)
})

test('responses that took the place of others close their connections', async () => {
  const session = new Session()
  const hooks = { response: () => session.get(server.url) }
  const use = async () => new WeakRef(await session.get(`${HTTP}/json`, { hooks }))
  const refs = await Promise.all(Array.from({ length: 10 }, use))
  assert.equal(server.open.size, 10)
  await collected(refs, 'responses')
  await server.empty()
})

test('memory stays flat over many requests with hooks', async () => {
  const hooks = { request: () => {}, response: async (response) => { await response.text() } }
  const session = new Session({ hooks })
  const many = async (count) => {
    for (let i = 0; i < count; i++) await (await session.get(`${HTTP}/json`)).text()
    globalThis.gc()
    return process.memoryUsage().rss
  }
  const before = await many(2000)
  const more = await many(4000) - before
  assert.ok(more < 8 << 20, `${more} bytes more`)
})

test('garbage is collected during reads', async () => {
  const session = new Session()
  const response = await session.get(`${HTTP}/bytes/4000000`)
  let length = 0
  for await (const piece of response) {
    globalThis.gc()
    length += piece.length
  }
  assert.equal(length, 4_000_000)
})
